"""The x4 upscaler: a small residual convolution network, any picture size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Channels: more of them see no farther, so both sizes can be used by tiles with the same margin.
SIZES = {"cpu": 48, "gpu": 96}
BLOCKS = 7


class Upscaler(nn.Module):
    """[B,3,h,w] to [B,3,4h,4w] in -1..1: bilinear enlargement plus a learned correction by sub-pixel convolution
    (ESPCN, Shi et al. 2016; residual blocks without normalisation as in EDSR, Lim et al. 2017)."""

    def __init__(self, size: str = "cpu") -> None:
        super().__init__()
        channels = SIZES[size]
        self.head = nn.Conv2d(3, channels, 5, padding=2)
        self.a = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(BLOCKS))
        self.b = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(BLOCKS))
        self.tail = nn.Conv2d(channels, 48, 3, padding=1)
        for conv in self.b:
            nn.init.normal_(conv.weight, std=0.01)
        nn.init.normal_(self.tail.weight, std=0.002)
        nn.init.zeros_(self.tail.bias)

    def forward(self, sample: Tensor) -> Tensor:
        first = x = self.head(sample)
        for a, b in zip(self.a, self.b):
            x = x + b(F.relu(a(x)))
        residual = F.pixel_shuffle(self.tail(x + first), 4)
        return F.interpolate(sample, scale_factor=4.0, mode="bilinear", align_corners=False) + residual.float()
