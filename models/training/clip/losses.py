"""What the house-CLIP is trained on, and how pictures are worsened first."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model import Clip
from pairs import MISS, SCENE, THING, UNSAID

REFERENCE_WEIGHT = 0.3


def worsen(x: Tensor) -> Tensor:
    """Other framing, bent shapes, blur, noise and light, so that imperfect pictures are read too: [N,3,64,64] in -1..1."""
    n, device = len(x), x.device
    uniform = lambda *shape: torch.rand(*shape, device=device) * 2 - 1
    pick = lambda p: (torch.rand(n, 1, 1, 1, device=device) < p).float()
    # A frame between 0.86 and 1.06 of the picture's size, and a smooth bend of up to 3 px.
    zoom = 0.96 + 0.10 * uniform(n, 1, 1, 1)
    frame = F.affine_grid(torch.eye(2, 3, device=device).expand(n, 2, 3), list(x.shape), align_corners=False) * zoom + 0.06 * uniform(n, 1, 1, 2)
    bend = F.interpolate(uniform(n, 2, 5, 5), size=x.shape[-1], mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    x = F.grid_sample(x, frame + pick(0.5) * 0.05 * torch.rand(n, 1, 1, 1, device=device) * bend, padding_mode="reflection", align_corners=False)
    soft = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear", align_corners=False)
    x = x + pick(0.4) * torch.rand(n, 1, 1, 1, device=device) * (soft - x)
    x = x + pick(0.4) * 0.2 * torch.rand(n, 1, 1, 1, device=device) * torch.randn_like(x)
    gain, lift = 1 + pick(0.5) * 0.12 * torch.randn(n, 1, 1, 1, device=device), pick(0.5) * 0.06 * torch.randn(n, 3, 1, 1, device=device)
    return (x * gain + lift).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def true_of_others(b: dict) -> Tensor:
    """[pictures, captions]: pairs that are no mistake although caption and picture were not drawn together."""
    fits = (b["meaning"][:, None] == b["meaning"]) & ((b["said_style"] == UNSAID) | (b["said_style"] == b["style"][:, None]))
    fits &= (b["said_plain"] == UNSAID) | (b["said_plain"] == b["plain"][:, None])
    return fits & ~torch.eye(len(fits), dtype=torch.bool, device=fits.device)


def contrast(logits: Tensor) -> Tensor:
    """Symmetric cross-entropy over rows and columns (Radford et al. 2021, figure 3)."""
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def gather(logits: Tensor, positive: Tensor) -> Tensor:
    """Cross-entropy with several right answers a row (Khosla et al. 2020, equation 2); rows without one do not count."""
    known = positive.any(1)
    log_share = logits.log_softmax(1)
    return -((log_share * positive).sum(1) / positive.sum(1).clamp(min=1))[known].mean()


def loss_of(net: Clip, picture: Tensor, b: dict) -> tuple[Tensor, dict]:
    """InfoNCE of pictures and captions, and of things alone and the scenes that have them."""
    with torch.autocast(picture.device.type, torch.bfloat16):
        seen, read = net.picture(picture), net.text(b["ids"])
    scale = net.scale.clamp(max=4.6052).exp()
    logits = scale * seen @ read.T
    words = contrast(logits.masked_fill(true_of_others(b), -1e4))
    things, scenes = b["kind"] == THING, (b["kind"] == SCENE) | (b["kind"] == MISS)
    has = (b["looks"][things, 0][:, None, None] == b["looks"][scenes]).any(-1)
    between = scale * seen[things] @ seen[scenes].T
    reference = (gather(between, has) + gather(between.T, has.T)) / 2
    return words + REFERENCE_WEIGHT * reference, {"words": words.item(), "reference": reference.item(), "scale": scale.item()}
