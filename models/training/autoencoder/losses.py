"""What the reconstruction is measured with: L1, SSIM on several scales, Laplacian pyramid, spectrum, features of the scene parser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW = 7
# Constants of SSIM (Wang et al. 2004) for a range of 2: pictures are in -1..1.
C1, C2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
PARSER = Path(__file__).parents[2] / "packs" / "house-image" / "scene-parser.onnx"


def ssim(a: Tensor, b: Tensor, stride: int = 1) -> tuple[Tensor, Tensor]:
    """SSIM and its contrast-structure part per picture [B], over 7x7 windows as scikit-image's default (Wang et al. 2004)."""
    pool = lambda x: F.avg_pool2d(x, WINDOW, stride)
    ma, mb = pool(a), pool(b)
    va, vb, cov = pool(a * a) - ma * ma, pool(b * b) - mb * mb, pool(a * b) - ma * mb
    structure = (2 * cov + C2) / (va + vb + C2)
    luminance = (2 * ma * mb + C1) / (ma * ma + mb * mb + C1)
    return (luminance * structure).mean((1, 2, 3)), structure.mean((1, 2, 3))


def ms_ssim_loss(a: Tensor, b: Tensor, scales: int = 3) -> Tensor:
    """1 - SSIM at the coarsest scale times the structure terms of the finer ones (Wang et al. 2003), equal weights; windows
    three pixels apart, a ninth of the work."""
    a, b = a.contiguous(), b.contiguous()
    value = a.new_ones(a.shape[0])
    for k in range(scales):
        whole, structure = ssim(a, b, 3)
        value = value * (whole if k == scales - 1 else structure).clamp(min=1e-3) ** (1 / scales)
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return 1 - value.mean()


def laplacian_loss(a: Tensor, b: Tensor, levels: int = 3) -> Tensor:
    """Mean L1 between the bands of two Laplacian pyramids (Burt and Adelson 1983); bands are linear, so of their difference."""
    difference, total = a - b, a.new_zeros(())
    for _ in range(levels):
        low = F.avg_pool2d(difference, 2)
        total = total + (difference - F.interpolate(low, scale_factor=2.0, mode="bilinear", align_corners=False)).abs().mean()
        difference = low
    return total / levels


def spectrum_loss(a: Tensor, b: Tensor) -> Tensor:
    """L1 between the amplitudes of the two spectra; asks for as much fine detail, wherever it lands."""
    amplitude = lambda x: torch.fft.rfft2(x.float(), norm="ortho").abs()
    return (amplitude(a) - amplitude(b)).abs().mean()


class ParserFeatures(nn.Module):
    """The convolutions of the committed scene parser (packs/house-image/scene-parser.onnx, batch norms folded in), frozen.

    Stands in for the VGG of LPIPS, which may not be used here: it learned to tell 108 things, their colours and styles apart.
    """

    def __init__(self, deep: bool) -> None:
        super().__init__()
        import onnx
        stored = {t.name: onnx.numpy_helper.to_array(t).astype(np.float32) for t in onnx.load(str(PARSER)).graph.initializer}

        def conv(name: str, stride: int) -> nn.Conv2d:
            weight = torch.from_numpy(stored[f"{name}.weight_h"])
            out, inputs, kernel, _ = weight.shape
            layer = nn.Conv2d(inputs, out, kernel, stride, kernel // 2)
            layer.weight.data.copy_(weight)
            layer.bias.data.copy_(torch.from_numpy(stored[f"{name}.weight_bias"]))
            return layer

        self.low, self.middle = conv("low.0.0", 2), conv("middle.0.0", 2)
        self.middle_block = nn.ModuleList([conv("middle.2.first.0", 1), conv("middle.2.second.0", 1)])
        self.deep = conv("deep.0.0", 2) if deep else None
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        low = F.relu(self.low(x))
        middle = F.relu(self.middle(low))
        middle = F.relu(middle + self.middle_block[1](F.relu(self.middle_block[0](middle))))
        return [low, middle] if self.deep is None else [low, middle, F.relu(self.deep(middle))]

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Mean L1 between features at half size, each divided by the mean of the true picture's."""
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        with torch.no_grad():
            wanted = self(b)
        total = a.new_zeros(())
        for got, want in zip(self(a), wanted):
            total = total + (got - want).abs().mean() / want.mean().clamp(min=1e-3)
        return total / len(wanted)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio per picture [B] in dB, after both are rounded to 8 bits."""
    byte = lambda x: ((x.clamp(-1, 1) + 1) * 127.5).round()
    return 20 * torch.log10(255 / (byte(a) - byte(b)).pow(2).mean((1, 2, 3)).sqrt().clamp(min=1e-3))
