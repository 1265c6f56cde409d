"""Muon (Jordan et al. 2024) for the kernels of convolutions, as matrices [out, in * k * k], and AdamW for everything else."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1] / "core"))
from optimizer import orthogonalize


class ConvMuon:
    def __init__(self, named, muon_lr: float = 0.01, adam_lr: float = 1e-3, momentum: float = 0.95):
        self.groups, rest = defaultdict(list), []
        for name, p in named:
            # Heads and the first convolution are maps from or to pixels or latents: they train better with AdamW.
            hidden = p.ndim == 4 and "head" not in name and not name.endswith("body.0.weight")
            self.groups[tuple(p.shape)].append(p) if hidden else rest.append(p)
        self.muon_lr, self.adam_lr, self.momentum = muon_lr, adam_lr, momentum
        self.adam = torch.optim.AdamW(rest, lr=adam_lr, betas=(0.9, 0.95), weight_decay=0.0)
        self.buffers = {shape: torch.zeros(len(ps), shape[0], shape[1] * shape[2] * shape[3], device=ps[0].device) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, scale: float) -> None:
        for shape, ps in self.groups.items():
            g = torch.stack([p.grad.reshape(shape[0], -1) for p in ps])
            buffer = self.buffers[shape]
            buffer.mul_(self.momentum).add_(g)
            update = orthogonalize(g + self.momentum * buffer).float()
            rate = self.muon_lr * scale * max(1.0, g.shape[1] / g.shape[2]) ** 0.5
            for p, u in zip(ps, update):
                p.add_(u.reshape(shape), alpha=-rate)
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
