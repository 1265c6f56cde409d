"""The latent core: the single-stream transformer of ../core in width 384 and depth 12, over 16x16 latents of 256 px pictures.

Attention, feed-forward, blocks (adaLN-single, QK-norm, RoPE, SwiGLU) and text encoder are those of core/model.py, loaded once more
with other sizes. A token is one latent position, so there is neither patching nor a refining convolution; source pictures and control
maps come as latents of the same size, added to the tokens, as in ../core. Graph contract, all float32 but the integer task:

    sample [B,16,16,16], timestep [B], condition [B,16,16,16], condition_mask [B,1,16,16], task [B], condition_strength [B],
    encoder_hidden_states [B,L,384] -> out_sample [B,16,16,16], the predicted x0

encoder_hidden_states are the 32 states of the text and, after them, the 16 of a reference picture of 64 px; rows of zeros are not read.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules import autoencoder, load

WIDTH, DEPTH, HEADS, GRID = 384, 12, 6, 16
CHANNELS, TOKENS = autoencoder.LATENT, GRID * GRID
pieces = load("core/model.py", "gesso_core_384", WIDTH=WIDTH, HEADS=HEADS, HEAD=WIDTH // HEADS, HIDDEN=1024, TEXT_DEPTH=2)
TEXT_LENGTH, REFERENCE_LENGTH, TASKS = pieces.TEXT_LENGTH, pieces.REFERENCE_LENGTH, pieces.TASKS


class FusedAttention(pieces.Attention):
    """The same arithmetic in one kernel on a GPU; the written-out form on a CPU, where it is faster and exports to plain nodes."""

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor) -> Tensor:
        if not x.is_cuda:
            return super().forward(x, cos, sin, bias)
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        q = pieces.rotate(pieces.rms(q, self.q_scale), cos, sin)
        k = pieces.rotate(pieces.rms(k, self.k_scale), cos, sin)
        mask = bias.to(q.dtype).expand(b, HEADS, n, n)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.proj(out.transpose(1, 2).reshape(b, n, WIDTH))


class LatentDenoiser(nn.Module):
    """Predicts x0 of normalised latents (JiT, Li and He 2025, equation for x-prediction)."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.latent_in = nn.Linear(CHANNELS, WIDTH)
        self.control_in = nn.Linear(CHANNELS + 1, WIDTH, bias=False)
        self.text_in = nn.Linear(WIDTH, WIDTH)
        self.text_mark = nn.Parameter(torch.zeros(WIDTH))
        self.position = nn.Parameter(torch.zeros(TOKENS, WIDTH))
        self.task = nn.Embedding(TASKS, WIDTH)
        self.time = nn.Sequential(nn.Linear(128, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.strength = nn.Linear(1, WIDTH)
        self.mod, self.final_mod = nn.Linear(WIDTH, 6 * WIDTH), nn.Linear(WIDTH, 2 * WIDTH)
        self.blocks = nn.ModuleList(pieces.Block() for _ in range(DEPTH))
        for block in self.blocks:
            block.attn = FusedAttention()
        self.out = nn.Linear(WIDTH, CHANNELS)
        self.label_head = nn.Linear(WIDTH, labels)
        # Text lies on the diagonal before the picture, the reference as a grid before the text, as in ../core.
        text, far = torch.arange(TEXT_LENGTH).float(), TEXT_LENGTH + GRID
        reference = [axis * (GRID // pieces.REFERENCE_GRID) - far for axis in pieces.grid_axes(pieces.REFERENCE_GRID)]
        tables = [pieces.rope_table(TOKENS, pieces.grid_axes(GRID)), pieces.rope_table(TEXT_LENGTH, [-1 - text, -1 - text]),
                  pieces.rope_table(REFERENCE_LENGTH, reference)]
        for name, parts in zip(("cos", "sin"), zip(*tables)):
            self.register_buffer(name, torch.cat(parts), persistent=False)
        self.register_buffer("frequencies", torch.exp(-math.log(1000.0) * torch.arange(64) / 64) * 100.0, persistent=False)
        self.reset()

    def reset(self) -> None:
        """Projections start at zero and gates at one, so gradients reach every block (see pieces.Block)."""
        zero = [p for b in self.blocks for p in (b.attn.proj.weight, b.ff.down.weight)]
        for p in [*zero, self.mod.weight, self.mod.bias, self.final_mod.weight, self.final_mod.bias, self.out.bias]:
            nn.init.zeros_(p)
        for p in (self.position, self.task.weight, self.out.weight):
            nn.init.normal_(p, std=0.02)

    def forward(self, sample, timestep, condition, condition_mask, task, condition_strength, encoder_hidden_states,
                with_labels: bool = False):
        b, length = sample.shape[0], encoder_hidden_states.shape[1]
        tokens = lambda x: x.flatten(2).transpose(1, 2)
        control = torch.cat([condition, condition_mask], 1) * condition_strength[:, None, None, None]
        x = self.latent_in(tokens(sample)) + self.control_in(tokens(control)) + self.position
        text = self.text_in(encoder_hidden_states) + self.text_mark
        x = torch.cat([x, text.to(x.dtype)], 1)
        valid = (encoder_hidden_states.abs().sum(-1) > 0).float()
        bias = torch.cat([valid.new_zeros(b, TOKENS), (valid - 1) * 1e4], 1)[:, None, None, :]
        wave = timestep[:, None].float() * self.frequencies
        c = self.time(torch.cat([wave.cos(), wave.sin()], -1)) + self.task(task) + self.strength(condition_strength[:, None])
        c = F.silu(c)
        mod = self.mod(c).view(b, 6, WIDTH)
        cos, sin = self.cos[:TOKENS + length], self.sin[:TOKENS + length]
        middle = x
        for i, block in enumerate(self.blocks):
            x = block(x, mod, cos, sin, bias)
            if i == DEPTH // 3 - 1:
                middle = x
        scale, shift = self.final_mod(c)[:, None].chunk(2, -1)
        x = self.out(pieces.rms(x[:, :TOKENS]) * (1 + scale) + shift)
        out = x.float().transpose(1, 2).reshape(b, CHANNELS, GRID, GRID)
        if with_labels:
            return out, self.label_head(pieces.rms(middle[:, :TOKENS]))
        return out


def make(vocabulary: int, labels: int) -> nn.ModuleDict:
    """Text encoder, reference encoder and core, under the names that core/train.py gives them."""
    return nn.ModuleDict({"text": pieces.TextEncoder(vocabulary), "reference": pieces.ReferenceEncoder(), "core": LatentDenoiser(labels)})


def states(nets: nn.ModuleDict, ids: Tensor, reference: Tensor, strength: Tensor) -> Tensor:
    """[B,48,384]: the text's rows and the reference's, weaker ones shorter and missing ones zero (as core/train.py)."""
    return torch.cat([nets["text"](ids), nets["reference"](reference) * strength[:, None, None]], 1)
