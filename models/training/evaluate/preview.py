"""Quick look at a checkpoint without exporting it: python preview.py CHECKPOINT OUT.png [STEPS] [GUIDANCE@SHIFT,…] [PROMPTS_FILE]"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "core"))
from core_nets import load_core
from sample import sample


def main() -> None:
    saved = torch.load(sys.argv[1], weights_only=True)
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    scales = [[float(y) for y in f"{x}@5".split("@")[:2]] for x in (sys.argv[4] if len(sys.argv) > 4 else "3").split(",")]
    prompts = Path(sys.argv[5] if len(sys.argv) > 5 else HERE.parents[1] / "fixtures" / "house" / "evaluation" / "sheet.txt").read_text().strip().split("\n")
    torch.set_num_threads(2)
    nets, encode = load_core(sys.argv[1])
    n = len(prompts)
    cell = 132
    sheet = Image.new("RGB", (n * cell, len(scales) * (cell + 14)), "white")
    draw = ImageDraw.Draw(sheet)
    with torch.no_grad():
        hidden, empty = nets["text"](encode(prompts)), nets["text"](encode([""]))
    for r, (scale, shift) in enumerate(scales):
        noise = torch.cat([torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1000 + k)) for k in range(n)])
        x = sample(nets, hidden, empty, noise, steps=steps, guidance=scale, shift=shift)
        for k in range(n):
            pixels = np.clip((x[k].permute(1, 2, 0).float().numpy() + 1) * 127.5, 0, 255).astype(np.uint8)
            sheet.paste(Image.fromarray(pixels).resize((128, 128), Image.BICUBIC), (k * cell, r * (cell + 14)))
            draw.text((k * cell, r * (cell + 14) + 128), prompts[k][:24], fill="black")
    sheet.save(sys.argv[2])
    print(saved["step"], saved["seen"], saved["eval"])


if __name__ == "__main__":
    main()
