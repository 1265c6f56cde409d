"""The mixture that autoencoders and upscalers see: 40 % scenes, 30 % dead leaves, 15 % clip art, 15 % gradients, text and noise.

    python models/training/data/pictures.py SHEET.png      draws a contact sheet of it, row by row, and prints the time of each kind
"""

from __future__ import annotations

import multiprocessing as mp
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import textures
from clipart import Clipart
from detail import DetailComposer

SIZE = 256
SHARES = {"scene": 0.4, "leaves": 0.3, "clipart": 0.15, "gradient": 0.05, "text": 0.06, "noise": 0.04}


class Pictures:
    """draw() returns uint8 [256, 256, 3]; the same seed gives the same pictures. Without clip art its share goes to scenes."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.composer = DetailComposer(seed)
        try:
            self.clipart = Clipart()
        except FileNotFoundError:
            self.clipart = None

    def scene(self) -> np.ndarray:
        return self.composer.render(self.composer.describe(), SIZE)["image"]

    def draw(self, kind: str | None = None) -> np.ndarray:
        kind = kind or str(self.rng.choice(list(SHARES), p=list(SHARES.values())))
        if kind == "leaves":
            return textures.dead_leaves(self.rng, SIZE)
        if kind == "clipart" and self.clipart is not None:
            return self.clipart.picture(self.rng, SIZE)[0]
        if kind in ("gradient", "text", "noise"):
            return getattr(textures, kind)(self.rng, SIZE)
        return self.scene()


def _work(seed: int, queue) -> None:
    pictures = Pictures(seed)
    while True:
        queue.put(np.stack([pictures.draw() for _ in range(16)]))


def start_workers(seed: int, workers: int):
    """A queue of uint8 [16, 256, 256, 3] and the processes that fill it."""
    context = mp.get_context("spawn")
    queue = context.Queue(2 * workers)
    processes = [context.Process(target=_work, args=(seed + 7 * k, queue), daemon=True) for k in range(workers)]
    for process in processes:
        process.start()
    return queue, processes


def main() -> None:
    from PIL import Image
    pictures = Pictures(3)
    columns = 8
    sheet = Image.new("RGB", (columns * SIZE, len(SHARES) * SIZE))
    for row, kind in enumerate(SHARES):
        pictures.draw(kind)
        start = time.process_time()
        for column in range(columns):
            sheet.paste(Image.fromarray(pictures.draw(kind)), (column * SIZE, row * SIZE))
        print(f"{kind}: {(time.process_time() - start) / columns * 1000:.1f} ms")
    sheet.save(sys.argv[1])


if __name__ == "__main__":
    main()
