"""Contact sheet of the exported pack: python models/training/evaluate/sheet.py OUT.png [STEPS] [GUIDANCE] [PROMPTS_FILE]"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "export"))
from sampler import Pack

PACK = HERE.parents[1] / "packs" / "house-image"


def picture(x: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip((x.transpose(1, 2, 0) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8))


def main() -> None:
    out, steps, guidance = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8, float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    prompts = Path(sys.argv[4] if len(sys.argv) > 4 else HERE / "prompts.txt").read_text().strip().split("\n")
    pack, columns, cell = Pack(PACK), 8, 168
    sheet = Image.new("RGB", (columns * cell, -(-len(prompts) // columns) * (cell + 28)), "white")
    draw = ImageDraw.Draw(sheet)
    seconds = 0.0
    for start in range(0, len(prompts), 8):
        part = prompts[start:start + 8]
        begin = time.perf_counter()
        x = pack.sample(part, [1000 + start + k for k in range(len(part))], steps, guidance)
        seconds += time.perf_counter() - begin
        big = pack.upscale(np.clip(x, -1, 1)) if pack.upscaler is not None else x
        for k, prompt in enumerate(part):
            n = start + k
            left, top = n % columns * cell, n // columns * (cell + 28)
            sheet.paste(picture(big[k]).resize((cell - 4, cell - 4), Image.BICUBIC), (left, top))
            for line in range(2):
                draw.text((left + 1, top + cell - 3 + 12 * line), prompt[line * 28:line * 28 + 28], fill="black")
    sheet.save(out)
    print(f"{seconds / len(prompts):.2f} s a picture at {steps} steps")


if __name__ == "__main__":
    main()
