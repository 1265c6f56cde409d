"""PatchGAN on three scales with hinge loss (Isola et al. 2017; Wang et al. 2018) and the R1 penalty (Mescheder et al. 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def patch_net(width: int = 48) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for k in range(2):
        layers += [nn.Conv2d(width << k, width << (k + 1), 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width << 2, 1, 3, padding=1))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList(patch_net() for _ in range(3))

    def forward(self, x: Tensor) -> list[Tensor]:
        out = []
        for k, net in enumerate(self.nets):
            out.append(net(F.avg_pool2d(x, 1 << k) if k else x))
        return out


def hinge(net: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises: real above 1, fake below -1."""
    pairs = zip(net(real), net(fake.detach()))
    return sum(F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in pairs) / 3


def r1(net: Discriminator, real: Tensor, weight: float = 1.0) -> Tensor:
    """Half the squared gradient at real pictures: keeps the discriminator flat where the data are."""
    real = real.detach().requires_grad_(True)
    score = sum(s.mean((1, 2, 3)).sum() for s in net(real))
    (gradient,) = torch.autograd.grad(score, real, create_graph=True)
    return 0.5 * weight * gradient.pow(2).sum((1, 2, 3)).mean()


def persuade(net: Discriminator, fake: Tensor) -> Tensor:
    """What the decoder minimises."""
    return -sum(s.mean() for s in net(fake)) / 3
