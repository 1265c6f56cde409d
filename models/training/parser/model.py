"""The scene parser: a convolution network that reads a 64 px picture into an 8x8 grid of objects and five facts of the whole scene."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FEATURES = 128
# Channels at a half, a quarter and an eighth of the side.
SIZES = {"cpu": (32, 64, 160), "gpu": (64, 128, 320)}


def layer(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = layer(width, width), layer(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Parser(nn.Module):
    """sample [B,3,64,64] in -1..1 to:

    objects [B, 1 + concepts + colors + 4 + styles, 8, 8]: logit of an object's centre, concept logits, colour logits, the box as
    offset of the centre inside its cell and width and height in shares of the picture, and drawing-style logits;
    scene [B, sum of heads]: logits of background, plain colour, time and weather, in this order; features [B, 128] for distances
    between sets of pictures.
    """

    def __init__(self, concepts: int, colors: int, styles: int, heads: list[int], size: str = "cpu") -> None:
        super().__init__()
        low, middle, deep = SIZES[size]
        self.low = nn.Sequential(layer(3, low, 5, 2), nn.ReLU())
        self.middle = nn.Sequential(layer(low, middle, 3, 2), nn.ReLU(), Residual(middle))
        self.deep = nn.Sequential(layer(middle, deep, 3, 2), nn.ReLU(), Residual(deep), Residual(deep))
        self.objects = nn.Sequential(layer(deep, 192, 1), nn.ReLU(), nn.Conv2d(192, 1 + concepts + colors + 4 + styles, 1))
        nn.init.constant_(self.objects[2].bias[:1], -3.0)
        # Rain and snow are a few pixels wide: they are read from the finer maps.
        self.embed = nn.Linear(2 * (low + middle + deep), FEATURES)
        self.scene = nn.Linear(FEATURES, sum(heads))

    def forward(self, sample: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low = self.low(sample)
        middle = self.middle(low)
        deep = self.deep(middle)
        pooled = [pool for x in (low, middle, deep) for pool in (x.mean((2, 3)), x.amax((2, 3)))]
        features = torch.relu(self.embed(torch.cat(pooled, 1)))
        return self.objects(deep), self.scene(features), features
