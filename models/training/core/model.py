"""The house core: a text encoder and a single-stream diffusion transformer over 64 px pictures (x0 prediction)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, DEPTH, HEADS, PATCH, SIZE = 192, 7, 3, 8, 64
GRID = SIZE // PATCH
TEXT_LENGTH, TEXT_DEPTH, TASKS = 32, 2, 8
MAP_WAVES, MAP_RANK = 16, 32
REFERENCE_GRID, REFERENCE_DEPTH = 4, 2
REFERENCE_LENGTH = REFERENCE_GRID**2
# Of the house-CLIP's picture tower (clip/model.py): its width, and its tokens with the class token.
PICTURE_WIDTH, PICTURE_LENGTH = 192, 65
HEAD = WIDTH // HEADS
HIDDEN = 512


def rms(x: Tensor, weight: Tensor | None = None) -> Tensor:
    """Root-mean-square normalisation in float32 (Zhang and Sennrich 2019), written out so that every exporter knows it."""
    y = x.float()
    y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)
    return y.to(x.dtype) if weight is None else (y * weight).to(x.dtype)


def rope_table(length: int, axes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """cos and sin of shape [length, HEAD]: each axis gets an equal share of the head's rotation pairs (Su et al. 2021)."""
    share = HEAD // 2 // len(axes)
    angles = [a[:, None] * (100.0 ** (-torch.arange(share) / share)) for a in axes]
    angle = torch.cat(angles, -1)
    return torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()


def grid_axes(side: int) -> list[Tensor]:
    """Row and column of every place of a square grid."""
    yy, xx = torch.meshgrid(torch.arange(side).float(), torch.arange(side).float(), indexing="ij")
    return [yy.reshape(-1), xx.reshape(-1)]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return x * cos.to(x.dtype) + torch.cat([-b, a], -1) * sin.to(x.dtype)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.q_scale = nn.Parameter(torch.ones(HEAD))
        self.k_scale = nn.Parameter(torch.ones(HEAD))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4).unbind(0)
        q = rotate(rms(q, self.q_scale), cos, sin)
        k = rotate(rms(k, self.k_scale), cos, sin)
        # Written out: on a CPU this is four times faster than scaled_dot_product_attention at 80 tokens.
        score = (q * HEAD ** -0.5) @ k.transpose(-1, -2) + bias.to(q.dtype)
        out = score.softmax(-1).to(v.dtype) @ v
        return self.proj(out.transpose(1, 2).reshape(b, n, WIDTH))


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(WIDTH, 2 * HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.up(x).chunk(2, -1)
        return self.down(F.silu(a) * b)


class TextEncoder(nn.Module):
    """input_ids [B, L] to last_hidden_state [B, L, WIDTH]; padding positions come out as exact zeros."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, WIDTH)
        self.attn = nn.ModuleList(Attention() for _ in range(TEXT_DEPTH))
        self.ff = nn.ModuleList(FeedForward() for _ in range(TEXT_DEPTH))
        self.norms = nn.ParameterList(nn.Parameter(torch.ones(WIDTH)) for _ in range(2 * TEXT_DEPTH + 1))
        cos, sin = rope_table(TEXT_LENGTH, [torch.arange(TEXT_LENGTH).float()])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        length = ids.shape[1]
        valid = (ids != 0).float()
        bias = ((valid - 1) * 1e4)[:, None, None, :]
        x = self.embed(ids)
        for i in range(TEXT_DEPTH):
            x = x + self.attn[i](rms(x, self.norms[2 * i]), self.cos[:length], self.sin[:length], bias)
            x = x + self.ff[i](rms(x, self.norms[2 * i + 1]))
        return rms(x, self.norms[-1]).float() * valid[..., None]


class ReferenceEncoder(nn.Module):
    """What the house-CLIP sees of a picture, last_hidden_state [B, 65, 192] with the class token first, to [B, 16, WIDTH]: rows that follow
    the text's in the denoiser's sequence. Four neighbouring patches become one row."""

    def __init__(self) -> None:
        super().__init__()
        self.join = nn.Linear(4 * PICTURE_WIDTH, WIDTH)
        self.position = nn.Parameter(torch.randn(REFERENCE_LENGTH, WIDTH) * 0.02)
        self.attn = nn.ModuleList(Attention() for _ in range(REFERENCE_DEPTH))
        self.ff = nn.ModuleList(FeedForward() for _ in range(REFERENCE_DEPTH))
        self.norms = nn.ParameterList(nn.Parameter(torch.ones(WIDTH)) for _ in range(2 * REFERENCE_DEPTH + 1))
        cos, sin = rope_table(REFERENCE_LENGTH, grid_axes(REFERENCE_GRID))
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, hidden_states: Tensor) -> Tensor:
        g = REFERENCE_GRID
        x = rms(hidden_states[:, 1:]).reshape(-1, g, 2, g, 2, PICTURE_WIDTH).permute(0, 1, 3, 2, 4, 5)
        x = self.join(x.reshape(-1, REFERENCE_LENGTH, 4 * PICTURE_WIDTH)) + self.position
        bias = torch.zeros(1, 1, 1, REFERENCE_LENGTH, device=x.device)
        for i in range(REFERENCE_DEPTH):
            x = x + self.attn[i](rms(x, self.norms[2 * i]), self.cos, self.sin, bias)
            x = x + self.ff[i](rms(x, self.norms[2 * i + 1]))
        return rms(x, self.norms[-1]).float()


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn, self.ff = Attention(), FeedForward()
        self.table = nn.Parameter(torch.zeros(6, WIDTH))

    def forward(self, x: Tensor, mod: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        # adaLN-single (PixArt-alpha). Gates are 1 + mod while the projections start at zero: were both zero, no
        # gradient would ever reach the block.
        m = (mod + self.table).to(x.dtype)
        s1, b1, g1, s2, b2, g2 = (m[:, i:i + 1] for i in range(6))
        x = x + (1 + g1) * self.attn(rms(x) * (1 + s1) + b1, cos, sin, bias)
        return x + (1 + g2) * self.ff(rms(x) * (1 + s2) + b2)


def patchify(x: Tensor) -> Tensor:
    b, c, _, _ = x.shape
    x = x.reshape(b, c, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(b, GRID * GRID, c * PATCH * PATCH)


class Denoiser(nn.Module):
    """Predicts x0 from x_t, the time, the control picture with its mask, the task, the strength, and the states of the text
    [B, 32, WIDTH] (training uses 16 where the text is short) with, after them, those of a reference picture [B, 16, WIDTH] if there is one.
    Rows of zeros are not read.

    With a `timestep_next` r below the timestep t and a guidance scale it is a flow map (Boffi et al. 2024, "Flow map matching"): what comes
    out is the u for which x_r = x_t + (r - t) (x_t - u) / t on the guided path, so that one step of Euler's method goes from t to r however far
    that is. At r = t and scale 1, or with neither, u is the mean of x0. core/flow_map.py trains it."""

    REFINE = 48

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.patch_in = nn.Sequential(nn.Linear(3 * PATCH * PATCH, 128, bias=False), nn.Linear(128, WIDTH))
        self.control_in = nn.Sequential(nn.Linear(4 * PATCH * PATCH, 128, bias=False), nn.Linear(128, WIDTH, bias=False))
        self.text_in = nn.Linear(WIDTH, WIDTH)
        self.text_mark = nn.Parameter(torch.zeros(WIDTH))
        self.task = nn.Embedding(TASKS, WIDTH)
        self.time = nn.Sequential(nn.Linear(128, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.strength = nn.Linear(1, WIDTH)
        self.mod = nn.Linear(WIDTH, 6 * WIDTH)
        self.map_in = nn.Linear(2 * MAP_WAVES + 1, MAP_RANK)
        self.map_out = nn.Linear(MAP_RANK, WIDTH, bias=False)
        self.map_mod = nn.Linear(MAP_RANK, DEPTH * 6 * WIDTH, bias=False)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.final_mod = nn.Linear(WIDTH, 2 * WIDTH)
        r = self.REFINE
        self.out = nn.Linear(WIDTH, r * 16)
        self.refine = nn.ModuleList([nn.Conv2d(r + 28, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1), nn.Conv2d(64, 12, 3, padding=1)])
        self.label_head = nn.Linear(WIDTH, labels)
        self.position = nn.Parameter(torch.zeros(GRID * GRID, WIDTH))
        # Text lies on the diagonal before the picture, the reference as a grid before the text.
        text, far = torch.arange(TEXT_LENGTH).float(), TEXT_LENGTH + 8
        tables = [rope_table(GRID * GRID, grid_axes(GRID)), rope_table(TEXT_LENGTH, [-1 - text, -1 - text]),
                  rope_table(REFERENCE_LENGTH, [axis * 2 - far for axis in grid_axes(REFERENCE_GRID)])]
        for name, parts in zip(("cos", "sin"), zip(*tables)):
            self.register_buffer(name, torch.cat(parts), persistent=False)
        frequencies = torch.exp(-math.log(1000.0) * torch.arange(64) / 64) * 100.0
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.register_buffer("map_frequencies", torch.exp(math.log(30.0) * torch.arange(MAP_WAVES) / MAP_WAVES), persistent=False)
        self.reset()

    def reset(self) -> None:
        for block in self.blocks:
            nn.init.zeros_(block.attn.proj.weight)
            nn.init.zeros_(block.ff.down.weight)
        nn.init.zeros_(self.mod.weight)
        nn.init.zeros_(self.mod.bias)
        nn.init.zeros_(self.map_out.weight)
        nn.init.zeros_(self.map_mod.weight)
        nn.init.zeros_(self.final_mod.weight)
        nn.init.zeros_(self.final_mod.bias)
        nn.init.normal_(self.position, std=0.02)
        nn.init.normal_(self.task.weight, std=0.02)

    def forward(self, sample, timestep, condition, condition_mask, task, condition_strength, encoder_hidden_states,
                timestep_next: Tensor | None = None, guidance_scale: Tensor | None = None, with_labels: bool = False):
        if timestep_next is None:
            timestep_next = timestep
        if guidance_scale is None:
            guidance_scale = torch.ones_like(timestep)
        b, length = sample.shape[0], encoder_hidden_states.shape[1]
        strength = condition_strength[:, None, None, None]
        control = torch.cat([condition * strength, condition_mask * strength], 1)
        x = self.patch_in(patchify(sample)) + self.control_in(patchify(control)) + self.position
        text = self.text_in(encoder_hidden_states) + self.text_mark
        x = torch.cat([x, text.to(x.dtype)], 1)
        valid = (encoder_hidden_states.abs().sum(-1) > 0).float()
        bias = torch.cat([torch.zeros(b, GRID * GRID, dtype=valid.dtype, device=valid.device), (valid - 1) * 1e4], 1)[:, None, None, :]
        wave = timestep[:, None].float() * self.frequencies
        c = self.time(torch.cat([wave.cos(), wave.sin()], -1)) + self.task(task) + self.strength(condition_strength[:, None])
        leap = (timestep - timestep_next)[:, None].float() * self.map_frequencies
        leap = F.silu(self.map_in(torch.cat([leap.cos() - 1, leap.sin(), guidance_scale[:, None].log()], -1)))
        c = F.silu(c + self.map_out(leap))
        mod = self.mod(c).view(b, 1, 6, WIDTH) + self.map_mod(leap).view(b, DEPTH, 6, WIDTH)
        n = GRID * GRID + length
        cos, sin = self.cos[:n], self.sin[:n]
        middle = x
        for i, block in enumerate(self.blocks):
            x = block(x, mod[:, i], cos, sin, bias)
            if i == DEPTH // 2 - 1:
                middle = x
        x = x[:, :GRID * GRID]
        scale, shift = self.final_mod(c)[:, None].chunk(2, -1)
        x = self.out(rms(x) * (1 + scale) + shift)
        # Tokens become 4x4 blocks of a 32x32 map; three 3x3 convolutions beside x_t remove the patch grid.
        r = self.REFINE
        x = x.reshape(b, GRID, GRID, r, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(b, r, 4 * GRID, 4 * GRID)
        x = torch.cat([x, F.pixel_unshuffle(torch.cat([sample, control], 1), 2).to(x.dtype)], 1)
        for i, conv in enumerate(self.refine):
            x = conv(x)
            if i < 2:
                x = F.silu(x)
        out = F.pixel_shuffle(x, 2).float()
        if with_labels:
            return out, self.label_head(rms(middle[:, :GRID * GRID]))
        return out
