"""Drawings of openclipart on some ground, with their captions (made by build-openclipart.mjs)."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from textures import color, dead_leaves, gradient
from world import WORK


class Clipart:
    def __init__(self) -> None:
        self.entries = json.loads((WORK / "clipart" / "sources.json").read_text())

    def picture(self, rng, size: int = 256) -> tuple[np.ndarray, str]:
        """uint8 [size, size, 3] and the caption of the largest drawing; one to three drawings on a plain, graded or busy ground."""
        roll = rng.random()
        if roll < 0.45:
            ground = np.tile(np.clip(color(rng) if rng.random() < 0.6 else np.full(3, 250.0), 0, 255), (size, size, 1)).astype(np.uint8)
        else:
            ground = gradient(rng, size) if roll < 0.85 else dead_leaves(rng, size, 60)
        out, caption = Image.fromarray(ground), ""
        count = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
        for number in range(count):
            entry = self.entries[int(rng.integers(len(self.entries)))]
            drawing = Image.open(WORK / entry["file"]).convert("RGBa")
            side = size * (rng.uniform(0.6, 0.95) if number == 0 else rng.uniform(0.25, 0.5))
            scale = side / max(drawing.size)
            drawing = drawing.resize([max(1, round(v * scale)) for v in drawing.size], Image.BICUBIC).convert("RGBA")
            x, y = (round(rng.uniform(0, max(1, size - v))) for v in drawing.size)
            out.paste(drawing, (x, y), drawing)
            caption = caption or entry["caption"]
        return np.asarray(out), caption
