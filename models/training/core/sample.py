"""Samples a core that is still in PyTorch, as the pack's pipeline samples its graphs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def sample(nets, text: Tensor, empty: Tensor, x: Tensor, *, steps: int = 8, guidance: float = 3.0, shift: float = 5.0, fresh: float = 0.5,
           draw: Callable[[int], Tensor] | None = None, guided: tuple[float, float] = (0, 1), rescale: float = 0.0, clip: bool = False,
           jumps: bool = False) -> Tensor:
    """float32 [N, 3, 64, 64] from noise `x` under text states [N, L, width], guided away from `empty` [1, L, width].

    `fresh` is the share of the noise that `draw(step)` replaces after every step; `guided` the part of the steps with guidance;
    `rescale` as Lin et al. 2024, section 3.4; `clip` keeps x0 in -1..1 (Saharia et al. 2022, section 2.3); `jumps` asks the flow map,
    which knows the step's end and the guidance scale, once.
    """
    n = len(x)
    none = torch.zeros_like(x)
    sigmas = torch.linspace(1, 0, steps + 1)
    sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)

    def predict(states: Tensor, *jump: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return nets["core"](x, s.expand(n), none, none[:, :1], torch.zeros(n, dtype=torch.long), torch.zeros(n), states, *jump).float()

    for i, (s, following) in enumerate(zip(sigmas[:-1], sigmas[1:])):
        x0 = predict(text, following.expand(n), torch.full((n,), guidance)) if jumps else predict(text)
        if not jumps and guidance > 1 and i / steps >= guided[0] and (i + 1) / steps <= guided[1]:
            other = predict(empty.expand(n, -1, -1))
            pushed = other + guidance * (x0 - other)
            if rescale > 0:
                pushed = pushed * (rescale * x0.std((1, 2, 3), keepdim=True) / pushed.std((1, 2, 3), keepdim=True) + 1 - rescale)
            x0 = pushed
        if clip:
            x0 = x0.clamp(-1, 1)
        noise = (x - (1 - s) * x0) / s
        if fresh > 0:
            noise = (1 - fresh**2) ** 0.5 * noise + fresh * (torch.randn_like(x) if draw is None else draw(i))
        x = (1 - following) * x0 + following * noise
    return x
