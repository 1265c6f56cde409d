"""Small checkpoints that can leave a machine which hands back little: averaged weights only, in parts of at most 15 MiB.

    python models/training/latent/checkpoint.py pack CHECKPOINT.pt FOLDER NAME [--bits 16 | 8 | 6]
    python models/training/latent/checkpoint.py unpack FOLDER NAME CHECKPOINT.pt

float16, or matrices and kernels in whole numbers of fewer bits with a scale per row and the rest float16; then deflated. 8 bits are what the
packs store too; 6 bits (relative error about 3 %) are only to go on training from. A training that starts from an unpacked checkpoint has
the weights and the counters, but not the optimiser's state.
"""

from __future__ import annotations

import argparse
import io
import zlib
from pathlib import Path

import torch
from torch import Tensor

PART = 15 * 2**20


def squeeze(value: Tensor, bits: int) -> Tensor | tuple[Tensor, Tensor]:
    if not value.is_floating_point():
        return value.cpu()
    value = value.detach().float().cpu()
    if bits <= 8 and value.ndim >= 2 and value.numel() >= 4096:
        scale = value.flatten(1).abs().amax(1).clamp(min=1e-8) / (2 ** (bits - 1) - 1)
        scale = scale.reshape(-1, *[1] * (value.ndim - 1))
        return (value / scale).round().to(torch.int8), scale
    return value.half()


def restore(value: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    if isinstance(value, tuple):
        return value[0].float() * value[1]
    return value.float() if value.is_floating_point() else value


def pack(checkpoint: Path, folder: Path, name: str, bits: int) -> list[Path]:
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    saved["ema"] = {k: squeeze(v, bits) for k, v in saved["ema"].items()}
    buffer = io.BytesIO()
    torch.save(saved, buffer)
    data = zlib.compress(buffer.getvalue(), 6)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}-*.part"):
        old.unlink()
    paths = []
    for number, start in enumerate(range(0, len(data), PART)):
        paths.append(folder / f"{name}-{number}.part")
        paths[-1].write_bytes(data[start:start + PART])
    return paths


def unpack(folder: Path, name: str, checkpoint: Path) -> None:
    parts = sorted(folder.glob(f"{name}-*.part"))
    if not parts:
        raise SystemExit(f"no {name}-*.part in {folder}")
    data = zlib.decompress(b"".join(p.read_bytes() for p in parts))
    saved = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    saved["ema"] = {k: restore(v) for k, v in saved["ema"].items()}
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save(saved, checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("checkpoint", type=Path)
    packing.add_argument("folder", type=Path)
    packing.add_argument("name")
    packing.add_argument("--bits", type=int, choices=(16, 8, 6), default=16)
    unpacking = commands.add_parser("unpack")
    unpacking.add_argument("folder", type=Path)
    unpacking.add_argument("name")
    unpacking.add_argument("checkpoint", type=Path)
    a = parser.parse_args()
    if a.command == "pack":
        for path in pack(a.checkpoint, a.folder, a.name, a.bits):
            print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    else:
        unpack(a.folder, a.name, a.checkpoint)


if __name__ == "__main__":
    main()
