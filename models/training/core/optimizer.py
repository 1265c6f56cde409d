"""Muon (Jordan et al. 2024) for hidden matrices and AdamW for everything else, with one learning-rate scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import torch
from torch import Tensor


def orthogonalize(g: Tensor) -> Tensor:
    """Five quintic Newton-Schulz steps on a stack of matrices [N, R, C]: singular values go to about one."""
    x = g.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    if not wide:
        x = x.transpose(1, 2)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return x if wide else x.transpose(1, 2)


def in_blocks(name: str, p: Tensor) -> bool:
    """The matrices of attention and feed-forward layers."""
    return p.ndim == 2 and any(k in name for k in ("attn", "ff.")) and "scale" not in name


class MuonAdam:
    """Muon for the parameters that `hidden` names, kernels as matrices [out, in * k * k], and AdamW for all others."""

    def __init__(self, named, hidden: Callable[[str, Tensor], bool] = in_blocks, muon_lr: float = 0.012, adam_lr: float = 1e-3, momentum: float = 0.95,
                 decay: float = 0.01):
        self.groups, rest = defaultdict(list), []
        for name, p in named:
            self.groups[tuple(p.shape)].append(p) if hidden(name, p) else rest.append(p)
        self.muon_lr, self.adam_lr, self.momentum, self.decay = muon_lr, adam_lr, momentum, decay
        self.adam = torch.optim.AdamW(rest, lr=adam_lr, betas=(0.9, 0.95), weight_decay=0.0)
        self.buffers = {shape: torch.zeros_like(torch.stack([p.detach().flatten(1) for p in ps])) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, scale: float) -> None:
        for shape, group in self.groups.items():
            # What took no part in this batch rests: an orthogonalised step has full length however old its momentum is.
            at = [i for i, p in enumerate(group) if p.grad is not None]
            if not at:
                continue
            ps = [group[i] for i in at]
            g = torch.stack([p.grad.flatten(1) for p in ps])
            buffer = self.buffers[shape][at].mul_(self.momentum).add_(g)
            self.buffers[shape][at] = buffer
            update = orthogonalize(g + self.momentum * buffer).float()
            rate = self.muon_lr * scale * max(1.0, g.shape[1] / g.shape[2]) ** 0.5
            for p, u in zip(ps, update):
                p.mul_(1 - self.decay * self.muon_lr * scale).add_(u.reshape(shape), alpha=-rate)
                p.grad = None
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)

    def state(self) -> dict:
        return {"buffers": self.buffers, "adam": self.adam.state_dict()}

    def load(self, state: dict) -> None:
        self.buffers = state["buffers"]
        self.adam.load_state_dict(state["adam"])
