"""PSNR and SSIM of a checkpoint on 200 scenes and 100 pictures of dead leaves that no training saw, and a sheet to look at.

    python models/training/autoencoder/measure.py CHECKPOINT [--sheet OUT.png [--sheet-only]]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data")]
from losses import psnr, ssim
from model import Autoencoder, load

# Training seeds are products of the run's --seed with 1000: this one is not.
SEED, SCENES, LEAVES = 424_243, 200, 100


def unseen(count: int, kind: str) -> torch.Tensor:
    """float32 [count,3,256,256] in -1..1."""
    from pictures import Pictures
    pictures = Pictures(SEED)
    return to_tensor(np.stack([pictures.draw(kind) for _ in range(count)]))


def to_tensor(batch: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def readings(net: Autoencoder, pictures: torch.Tensor, noise: float = 0.0) -> dict:
    """Mean PSNR in dB and SSIM over pictures; with `noise` the normalised latents get gaussian noise of that deviation."""
    generator = torch.Generator().manual_seed(5)
    device = net.shift.device
    decibels, similar = [], []
    for x in pictures.split(8):
        z = net.encode(x.to(device))
        z = z + noise * torch.randn(z.shape, generator=generator).to(device)
        y = net.decode(z).clamp(-1, 1).cpu()
        decibels.append(psnr(x, y))
        similar.append(ssim(x, y)[0])
    return {"psnr": round(torch.cat(decibels).mean().item(), 3), "ssim": round(torch.cat(similar).mean().item(), 4)}


def measure(net: Autoencoder) -> dict:
    scenes = unseen(SCENES, "scene")
    return {"scenes": readings(net, scenes), "scenesNoise01": readings(net, scenes, 0.1), "deadLeaves": readings(net, unseen(LEAVES, "leaves"))}


@torch.no_grad()
def sheet(net: Autoencoder, path: str) -> None:
    """Six pictures of each kind above what the autoencoder makes of them."""
    rows = []
    for kind in ("scene", "clipart", "leaves", "text"):
        x = unseen(6, kind)
        y = net.decode(net.encode(x.to(net.shift.device))).cpu().clamp(-1, 1)
        rows += [torch.cat(list(x), 2), torch.cat(list(y), 2)]
    picture = ((torch.cat(rows, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(picture).save(path)


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("checkpoint")
    args.add_argument("--sheet", default=None)
    args.add_argument("--sheet-only", action="store_true")
    a = args.parse_args()
    torch.set_num_threads(1)
    net = load(a.checkpoint)
    if a.sheet:
        sheet(net, a.sheet)
    if not a.sheet_only:
        print(json.dumps(measure(net)))


if __name__ == "__main__":
    main()
