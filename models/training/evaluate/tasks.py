"""Sheet of the conditioned tasks: python models/training/evaluate/tasks.py OUT.png. Rows: input, result; 8 composed scenes each."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "core"), str(HERE.parent / "export")]
from batches import TASKS, Source
from sampler import Pack

PACK = HERE.parents[1] / "packs" / "house-image"


def picture(x: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip((x.transpose(1, 2, 0) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8))


def main() -> None:
    source, pack, cell = Source(2024), Pack(PACK), 132
    source.rng = np.random.default_rng(3)
    names = ["inpaint", "edge", "depth", "segmentation", "scribble", "edit"]
    sheet = Image.new("RGB", (8 * cell, len(names) * 2 * (cell + 12)), "white")
    draw = ImageDraw.Draw(sheet)
    for r, name in enumerate(names):
        rows = []
        while len(rows) < 8:
            row = source.sample(32, [name])
            if row["text"] and row["task"] == TASKS.index(name) and row["condition"].any():
                rows.append(row)
        condition = np.stack([row["condition"] for row in rows]).astype(np.float32).transpose(0, 3, 1, 2) / 255
        mask = np.stack([row["mask"] for row in rows]).astype(np.float32)[:, None]
        x = pack.sample([row["text"] for row in rows], list(range(8)), 8, task=TASKS.index(name), condition=condition, mask=mask)
        big = pack.upscale(np.clip(x, -1, 1))
        for k, row in enumerate(rows):
            top = 2 * r * (cell + 12)
            sheet.paste(picture(condition[k]).resize((128, 128), Image.NEAREST), (k * cell, top))
            sheet.paste(picture(big[k]).resize((128, 128), Image.BICUBIC), (k * cell, top + cell + 12))
            draw.text((k * cell, top + 129), f"{name}: {row['text']}"[:24], fill="black")
            draw.text((k * cell, top + cell + 141), f"{name}: {row['text']}"[24:48], fill="black")
    sheet.save(sys.argv[1])


if __name__ == "__main__":
    main()
