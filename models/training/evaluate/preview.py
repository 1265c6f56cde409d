"""Quick look at a checkpoint without exporting it: python preview.py CHECKPOINT OUT.png [STEPS] [GUIDANCE@SHIFT,…] [PROMPTS_FILE]"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from tokenizers import Tokenizer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "core"))
from batches import TOKENIZER
from model import Denoiser, TextEncoder
from train import LABELS, VOCABULARY


def main() -> None:
    saved = torch.load(sys.argv[1], weights_only=True)
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    scales = [[float(y) for y in f"{x}@1".split("@")[:2]] for x in (sys.argv[4] if len(sys.argv) > 4 else "3").split(",")]
    prompts = Path(sys.argv[5] if len(sys.argv) > 5 else HERE.parents[1] / "fixtures" / "house" / "evaluation" / "sheet.txt").read_text().strip().split("\n")
    torch.set_num_threads(2)
    nets = torch.nn.ModuleDict({"text": TextEncoder(VOCABULARY), "core": Denoiser(LABELS)})
    nets.load_state_dict(saved["ema"])
    nets.eval()
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    n = len(prompts)
    ids = torch.zeros(2 * n, 32, dtype=torch.long)
    for k, prompt in enumerate([*prompts, *[""] * n]):
        row = tokenizer.encode(prompt).ids[:32]
        ids[k, :len(row)] = torch.tensor(row)
    cell = 132
    sheet = Image.new("RGB", (n * cell, len(scales) * (cell + 14)), "white")
    draw = ImageDraw.Draw(sheet)
    zeros = torch.zeros(2 * n)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        hidden = nets["text"](ids[:, :20])
        for r, (scale, shift) in enumerate(scales):
            x = torch.cat([torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1000 + k)) for k in range(n)])
            sigmas = torch.linspace(1, 0, steps + 1)
            sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
            for s, following in zip(sigmas[:-1], sigmas[1:]):
                out = nets["core"](torch.cat([x, x]), s.expand(2 * n), torch.zeros(2 * n, 3, 64, 64), torch.zeros(2 * n, 1, 64, 64),
                                   torch.zeros(2 * n, dtype=torch.long), zeros, hidden)
                x0 = out[n:] + scale * (out[:n] - out[n:])
                x = x + (following - s) * ((x - x0) / s)
            for k in range(n):
                pixels = np.clip((x[k].permute(1, 2, 0).float().numpy() + 1) * 127.5, 0, 255).astype(np.uint8)
                sheet.paste(Image.fromarray(pixels).resize((128, 128), Image.BICUBIC), (k * cell, r * (cell + 14)))
                draw.text((k * cell, r * (cell + 14) + 128), prompts[k][:24], fill="black")
    sheet.save(sys.argv[2])
    print(saved["step"], saved["seen"], saved["eval"])


if __name__ == "__main__":
    main()
