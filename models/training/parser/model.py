"""The scene parser: a convolution network that reads a 64 px picture into an 8x8 grid of objects and five facts of the whole scene."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FEATURES = 128


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

    def __init__(self, concepts: int, colors: int, styles: int, heads: list[int]) -> None:
        super().__init__()
        self.low = nn.Sequential(layer(3, 32, 5, 2), nn.ReLU())
        self.middle = nn.Sequential(layer(32, 64, 3, 2), nn.ReLU(), Residual(64))
        self.deep = nn.Sequential(layer(64, 160, 3, 2), nn.ReLU(), Residual(160), Residual(160))
        self.objects = nn.Sequential(layer(160, 192, 1), nn.ReLU(), nn.Conv2d(192, 1 + concepts + colors + 4 + styles, 1))
        nn.init.constant_(self.objects[2].bias[:1], -3.0)
        # Rain and snow are a few pixels wide: they are read from the finer maps.
        self.embed = nn.Linear(2 * (32 + 64 + 160), FEATURES)
        self.scene = nn.Linear(FEATURES, sum(heads))

    def forward(self, sample: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low = self.low(sample)
        middle = self.middle(low)
        deep = self.deep(middle)
        pooled = [pool for x in (low, middle, deep) for pool in (x.mean((2, 3)), x.amax((2, 3)))]
        features = torch.relu(self.embed(torch.cat(pooled, 1)))
        return self.objects(deep), self.scene(features), features
