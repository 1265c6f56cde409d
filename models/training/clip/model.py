"""The house-CLIP: a picture tower and a text tower that meet in one space of 128 dimensions (Radford et al. 2021)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE, GRID, DIMENSIONS = 64, 8, 128
PICTURE_WIDTH, TEXT_WIDTH, LENGTH = 192, 160, 32
HEAD = 32


class Size(NamedTuple):
    """What may differ behind one graph contract: the core reads states of PICTURE_WIDTH."""

    stem: tuple[int, int, int]
    """Channels at a half, a quarter and an eighth of the side, as the scene parser's of that size."""
    picture_depth: int
    text_depth: int


SIZES = {"cpu": Size((32, 64, 160), 4, 3), "gpu": Size((64, 128, 320), 8, 6)}


def rms(x: Tensor, weight: Tensor) -> Tensor:
    """Root-mean-square normalisation in float32 (Zhang and Sennrich 2019)."""
    y = x.float()
    return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6) * weight).to(x.dtype)


def unit(x: Tensor) -> Tensor:
    """Vectors of length one; written out so that the exported graph has the same arithmetic."""
    y = x.float()
    return y * torch.rsqrt(y.pow(2).sum(-1, keepdim=True) + 1e-12)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width, bias=False), "out": nn.Linear(width, width, bias=False)})
        self.ff = nn.ModuleDict({"up": nn.Linear(width, 2 * width), "down": nn.Linear(2 * width, width)})
        self.norms = nn.ParameterList([nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))])
        # The block begins as the identity; its inner layers get gradients from the second step on.
        nn.init.zeros_(self.attn["out"].weight)
        nn.init.zeros_(self.ff["down"].weight)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        b, n, width = x.shape
        q, k, v = self.attn["qkv"](rms(x, self.norms[0])).view(b, n, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4).unbind(0)
        score = (q * HEAD ** -0.5) @ k.transpose(-1, -2)
        if bias is not None:
            score = score + bias.to(score.dtype)
        mixed = (score.softmax(-1).to(v.dtype) @ v).transpose(1, 2).reshape(b, n, width)
        x = x + self.attn["out"](mixed)
        return x + self.ff["down"](F.gelu(self.ff["up"](rms(x, self.norms[1]))))


class Tower(nn.Module):
    """Blocks over tokens [B, n, width] behind one class token, whose last state becomes the embedding."""

    def __init__(self, width: int, depth: int, tokens: int) -> None:
        super().__init__()
        self.mark = nn.Parameter(torch.randn(width) * 0.02)
        self.position = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.Parameter(torch.ones(width))
        self.project = nn.Linear(width, DIMENSIONS, bias=False)

    def states(self, tokens: Tensor, first: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        """[B, 1 + n, width] after the last block, the class token first."""
        mark = self.mark.to(tokens.dtype) if first is None else self.mark.to(tokens.dtype) + first
        mark = mark.expand(tokens.shape[0], 1, -1) if mark.ndim == 1 else mark[:, None]
        x = torch.cat([mark, tokens + self.position[:tokens.shape[1]].to(tokens.dtype)], 1)
        for block in self.blocks:
            x = block(x, bias)
        return x

    def embed(self, states: Tensor) -> Tensor:
        return unit(self.project(rms(states[:, 0], self.norm)))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Picture(nn.Module):
    """sample [B,3,64,64] in -1..1 to embedding [B,128] of length one; `states` [B,65,192] say what is where, the class token first.

    The convolutions have the shape of the scene parser's first ones, so that training can start from them.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        low, middle, deep = size.stem
        self.low = nn.Conv2d(3, low, 5, 2, 2)
        self.middle, self.middle_more = nn.Conv2d(low, middle, 3, 2, 1), Residual(middle)
        self.deep, self.deep_more = nn.Conv2d(middle, deep, 3, 2, 1), Residual(deep)
        self.tokens = nn.Linear(deep, PICTURE_WIDTH)
        # Rain and snow are a few pixels wide: they are read from the finer maps.
        self.fine = nn.Linear(2 * (low + middle), PICTURE_WIDTH)
        self.tower = Tower(PICTURE_WIDTH, size.picture_depth, GRID * GRID)

    def forward(self, sample: Tensor) -> Tensor:
        return self.tower.embed(self.states(sample))

    def states(self, sample: Tensor) -> Tensor:
        low = torch.relu(self.low(sample))
        middle = self.middle_more(torch.relu(self.middle(low)))
        deep = self.deep_more(torch.relu(self.deep(middle)))
        fine = torch.cat([pool for x in (low, middle) for pool in (x.mean((2, 3)), x.amax((2, 3)))], 1)
        return self.tower.states(self.tokens(deep.flatten(2).transpose(1, 2)), self.fine(fine))

    def stem(self) -> list[nn.Parameter]:
        return [p for part in (self.low, self.middle, self.middle_more, self.deep, self.deep_more) for p in part.parameters()]

    def start_from_parser(self, path: Path) -> None:
        """Takes the convolutions of a stored scene-parser.onnx, whose batch norms are folded into them."""
        import onnx
        from onnx import numpy_helper
        stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()).float() for t in onnx.load(str(path)).graph.initializer}
        pairs = [(self.low, "low.0.0"), (self.middle, "middle.0.0"), (self.middle_more.first, "middle.2.first.0"), (self.middle_more.second, "middle.2.second.0"),
                 (self.deep, "deep.0.0"), (self.deep_more.first, "deep.2.first.0"), (self.deep_more.second, "deep.2.second.0")]
        with torch.no_grad():
            for conv, name in pairs:
                conv.weight.copy_(stored[f"{name}.weight_h"])
                conv.bias.copy_(stored[f"{name}.weight_bias"])


class Text(nn.Module):
    """input_ids [B,L], L up to 32, 0 = padding, to embedding [B,128] of length one."""

    def __init__(self, vocabulary: int, size: Size) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, TEXT_WIDTH)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.tower = Tower(TEXT_WIDTH, size.text_depth, LENGTH)

    def forward(self, input_ids: Tensor) -> Tensor:
        valid = F.pad((input_ids != 0).float(), (1, 0), value=1.0)
        return self.tower.embed(self.tower.states(self.embed(input_ids), bias=((valid - 1) * 1e4)[:, None, None, :]))


class Clip(nn.Module):
    def __init__(self, vocabulary: int, size: str = "cpu") -> None:
        super().__init__()
        self.picture, self.text = Picture(SIZES[size]), Text(vocabulary, SIZES[size])
        # log of the inverse temperature; begins at 1 / 0.07 and may not pass 100 (Radford et al. 2021, section 2.5).
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
