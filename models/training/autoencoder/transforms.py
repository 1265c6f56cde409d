"""Transformations that pictures and their latents must share (EQ-VAE, Kouzelis et al. 2025, arXiv 2502.09509)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def resize(x: Tensor, scale: float) -> Tensor:
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False, antialias=True)


def random_pair(z: Tensor, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The same flip, quarter turn or reduction of latents [B,16,h,w] and picture [B,3,16h,16w]; sides stay multiples of 16."""
    kind = int(torch.randint(5, (1,), generator=generator))
    if kind == 0:
        return z.flip(3), x.flip(3)
    if kind == 1:
        return z.flip(2), x.flip(2)
    if kind == 2:
        return z.rot90(1, (2, 3)), x.rot90(1, (2, 3))
    scale = 0.5 if kind == 3 else 0.75
    return resize(z.float(), scale), resize(x, scale)
