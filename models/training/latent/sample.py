"""Draws a sheet of prompts with a checkpoint: python models/training/latent/sample.py --core CORE/ema.pt --autoencoder AE/ema.pt --out SHEET.png

Flow-matching Euler steps with classifier-free guidance on x0, as export/sampler.py does for the 64 px core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from modules import autoencoder
from tokenizers import Tokenizer

from batches import TOKENIZER
from core import CHANNELS, GRID, TEXT_LENGTH, make
from train import LABELS, VOCABULARY

PROMPTS = [
    "a red fox in the snow", "a blue car on the beach at sunset", "a cat next to a dog in a meadow", "three apples on a table",
    "a purple dinosaur in the desert", "a rocket in space", "a penguin to the left of a cake", "a big green tree by a lake, rain",
    "a yellow duck on top of a book", "an orange fish underwater", "a castle in the mountains at night", "two pink mushrooms in a forest",
    "a small house in the snow at sunrise", "a cartoon lion in a room", "a white guitar above a black hat", "a city at night in the fog",
]


def token_ids(prompts: list[str]) -> Tensor:
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    out = torch.zeros(len(prompts), TEXT_LENGTH, dtype=torch.long)
    for k, prompt in enumerate(prompts):
        ids = tokenizer.encode(prompt).ids[:TEXT_LENGTH]
        out[k, :len(ids)] = torch.tensor(ids)
    return out


@torch.no_grad()
def sample(nets, prompts: list[str], seed: int = 7, steps: int = 16, guidance: float = 3.0, shift: float = 2.0, device: str = "cpu") -> Tensor:
    """Normalised latents [B,16,16,16]. sigma goes from 1 to 0 in equal parts, shifted by s -> shift s / (1 + (shift - 1) s)."""
    count = len(prompts)
    x = torch.randn(count, CHANNELS, GRID, GRID, generator=torch.Generator().manual_seed(seed)).to(device)
    hidden = nets["text"](token_ids([*prompts, *[""] * count]).to(device))
    nothing = torch.zeros(2 * count, CHANNELS + 1, GRID, GRID, device=device)
    task, strength = torch.zeros(2 * count, dtype=torch.long, device=device), torch.zeros(2 * count, device=device)
    sigmas = np.linspace(1, 0, steps + 1)
    sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
    for now, following in zip(sigmas[:-1], sigmas[1:]):
        t = torch.full((2 * count,), float(now), device=device)
        out = nets["core"](torch.cat([x, x]), t, nothing[:, :CHANNELS], nothing[:, CHANNELS:], task, strength, hidden)
        x0 = out[count:] + guidance * (out[:count] - out[count:])
        x = x + float(following - now) / float(now) * (x - x0)
    return x


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--core", required=True)
    args.add_argument("--autoencoder", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--device", default="cpu")
    args.add_argument("--steps", type=int, default=16)
    args.add_argument("--count", type=int, default=len(PROMPTS))
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--threads", type=int, default=1)
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    nets = make(VOCABULARY, LABELS)
    nets.load_state_dict(torch.load(a.core, weights_only=True, map_location="cpu")["ema"])
    nets.to(a.device).eval()
    ae = autoencoder.load(a.autoencoder, a.device)
    prompts = PROMPTS[:a.count]
    with torch.no_grad():
        pictures = ae.decode(sample(nets, prompts, a.seed, a.steps, device=a.device)).clamp(-1, 1).cpu()
    columns = min(4, len(prompts))
    pixels = ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    rows = [np.concatenate(list(pixels[k:k + columns]), 1) for k in range(0, len(pixels) - columns + 1, columns)]
    Path(a.out).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(a.out)


if __name__ == "__main__":
    main()
