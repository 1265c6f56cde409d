"""Turns shards of rows.py into shards of latents with a trained autoencoder, and removes what it has read; runs beside the training.

    python models/training/latent/encode.py --autoencoder AE/ema.pt --shards SHARDS --out LATENTS --device cuda --minutes 9

A shard of latents is a .pt file of about 3 MB for 256 rows. Latents belong to one autoencoder: LATENTS/autoencoder.txt has its hash, and
another autoencoder is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import torch

from modules import autoencoder


def to_latents(net, pictures: np.ndarray, device: str) -> torch.Tensor:
    """uint8 [N,256,256,3] to float16 [N,16,16,16]."""
    out = []
    for part in torch.from_numpy(pictures).split(64):
        x = part.to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            out.append(net.encode(x).half().cpu())
    return torch.cat(out) if out else torch.zeros(0, autoencoder.LATENT, 16, 16, dtype=torch.float16)


def encode_shard(net, path: Path, device: str) -> dict[str, torch.Tensor]:
    shard = dict(np.load(path))
    latents = {key: to_latents(net, shard.pop(key), device) for key in ("image", "condition")}
    return latents | {key: torch.from_numpy(value) for key, value in shard.items()}


def bind(out: Path, checkpoint: Path) -> None:
    mark, digest = out / "autoencoder.txt", hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() != digest:
        raise SystemExit(f"{out} holds latents of another autoencoder: remove it first")
    mark.write_text(digest)


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--autoencoder", required=True)
    args.add_argument("--shards", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--device", default="cpu")
    args.add_argument("--minutes", type=float, required=True)
    a = args.parse_args()
    torch.set_num_threads(1)
    end = time.time() + a.minutes * 60
    shards, out = Path(a.shards), Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    bind(out, Path(a.autoencoder))
    net = autoencoder.load(a.autoencoder, a.device).to(memory_format=torch.channels_last)
    done, started = 0, time.time()
    while time.time() < end:
        waiting = sorted(shards.glob("*.npz"))
        for path in waiting:
            latents = encode_shard(net, path, a.device)
            part = out / f"{path.stem}.part"
            torch.save(latents, part)
            part.replace(out / f"{path.stem}.pt")
            path.unlink()
            done += len(latents["image"])
            if time.time() > end:
                break
        if not waiting:
            time.sleep(0.2)
    print(f"{done} rows encoded, {done / max(1e-3, time.time() - started):.0f} a second", flush=True)


if __name__ == "__main__":
    main()
