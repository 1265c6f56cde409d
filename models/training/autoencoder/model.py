"""The latent autoencoder f16c16: pictures [B,3,H,W] in -1..1 to latents [B,16,H/16,W/16] and back.

Convolutions only, without normalisation over space: every latent sees a bounded neighbourhood, so any size works (H and W are
multiples of 16) and large pictures go through in overlapping tiles. Between two levels the pixels are moved into channels,
with the shortcuts without parameters of DC-AE (Chen et al. 2024, arXiv 2410.10733, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT, FACTOR = 16, 16


@dataclass(frozen=True)
class Size:
    """Channels and residual blocks at 1/2, 1/4, 1/8 and 1/16 of the picture's side; one graph contract for all sizes."""

    widths: tuple[int, int, int, int]
    blocks: tuple[int, int, int, int]


SIZES = {"cpu": Size((24, 48, 96, 192), (1, 1, 1, 1)), "gpu": Size((32, 64, 128, 256), (2, 2, 2, 2))}


class ResBlock(nn.Module):
    """x + b(silu(a(x))), the second convolution small at the start, as in EDSR (Lim et al. 2017): no normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(width, width, 3, padding=1)
        self.b = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.b.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(F.silu(self.a(x)))


class Down(nn.Module):
    """Halves the side: 2x2 pixels become channels, mixed by a convolution, plus the averages of channel groups."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.outputs, self.group = outputs, 4 * inputs // outputs

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        shortcut = F.pixel_unshuffle(x, 2).reshape(b, self.outputs, self.group, h // 2, w // 2).mean(2)
        return self.conv(x) + shortcut


class Up(nn.Module):
    """Doubles the side: a 1x1 convolution makes four sub-pixels of each, plus copies of the channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 1)
        self.repeat = 4 * outputs // inputs

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        copies = x[:, :, None].expand(b, c, self.repeat, h, w).reshape(b, c * self.repeat, h, w)
        return F.pixel_shuffle(self.conv(x) + copies, 2)


def level(width: int, blocks: int) -> list[nn.Module]:
    return [ResBlock(width) for _ in range(blocks)]


class Encoder(nn.Module):
    """[B,3,H,W] to mean and log-variance [B,16,H/16,W/16] each, before the normalisation of `Autoencoder`."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(12, size.widths[0], 3, padding=1)]
        for k, (width, blocks) in enumerate(zip(size.widths, size.blocks)):
            if k:
                layers.append(Down(size.widths[k - 1], width))
            layers += level(width, blocks)
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(size.widths[-1], 2 * LATENT, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.head(F.silu(self.body(F.pixel_unshuffle(x, 2)))).chunk(2, 1)
        return mean, logvar.clamp(-20, 4)


class Decoder(nn.Module):
    """[B,16,h,w] to [B,3,16h,16w]."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(LATENT, size.widths[-1], 3, padding=1)]
        for k in reversed(range(len(size.widths))):
            layers += level(size.widths[k], size.blocks[k])
            if k:
                layers.append(Up(size.widths[k], size.widths[k - 1]))
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(size.widths[0], 12, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        return F.pixel_shuffle(self.head(F.silu(self.body(z))), 2)


class Autoencoder(nn.Module):
    """Encoder and decoder around normalised latents: `shift` and `scale` [16] bring every channel to mean 0 and deviation 1 on
    scenes. They are set at the end of training by `normalise` and travel inside both exported graphs."""

    def __init__(self, size: str) -> None:
        super().__init__()
        self.size = size
        self.encoder, self.decoder = Encoder(SIZES[size]), Decoder(SIZES[size])
        self.register_buffer("shift", torch.zeros(LATENT))
        self.register_buffer("scale", torch.ones(LATENT))

    def _per_channel(self, values: Tensor) -> Tensor:
        return values[None, :, None, None]

    def encode(self, x: Tensor) -> Tensor:
        return (self.encoder(x)[0] - self._per_channel(self.shift)) / self._per_channel(self.scale)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z * self._per_channel(self.scale) + self._per_channel(self.shift))

    @torch.no_grad()
    def normalise(self, pictures: Tensor) -> None:
        mean = torch.cat([self.encoder(x)[0] for x in pictures.split(16)])
        self.shift.copy_(mean.mean((0, 2, 3)))
        self.scale.copy_(mean.std((0, 2, 3)).clamp(min=1e-4))


def load(checkpoint: str, device: str = "cpu") -> Autoencoder:
    """The averaged weights of a checkpoint of train.py, or of a packed one (pack.py), in evaluation mode."""
    saved = torch.load(checkpoint, weights_only=True, map_location=device)
    net = Autoencoder(saved["size"]).to(device)
    net.load_state_dict({k: v.float() for k, v in saved["ema"].items()})
    return net.eval()


def tiles(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles of `tile` start so that they cover `length` and overlap by at least `overlap`."""
    if length <= tile:
        return [0]
    step = tile - overlap
    starts = list(range(0, length - tile, step))
    return [*starts, length - tile]


@torch.no_grad()
def decode_tiled(net: Autoencoder, z: Tensor, tile: int = 16, overlap: int = 4) -> Tensor:
    """decode() for pictures of any size, `tile` latents at a time; tiles are blended linearly over their overlap."""
    b, _, h, w = z.shape
    out = z.new_zeros(b, 3, h * FACTOR, w * FACTOR)
    total = z.new_zeros(1, 1, h * FACTOR, w * FACTOR)
    for y in tiles(h, tile, overlap):
        for x in tiles(w, tile, overlap):
            part = net.decode(z[..., y:y + tile, x:x + tile])
            ph, pw = part.shape[-2:]
            ramp = lambda n: torch.minimum(torch.arange(n) + 0.5, n - torch.arange(n) - 0.5).clamp(max=overlap * FACTOR / 2).to(z)
            weight = ramp(ph)[:, None] * ramp(pw)[None]
            out[..., y * FACTOR:y * FACTOR + ph, x * FACTOR:x * FACTOR + pw] += part * weight
            total[..., y * FACTOR:y * FACTOR + ph, x * FACTOR:x * FACTOR + pw] += weight
    return out / total
