"""Draws training rows at 256 px into shards for encode.py, in worker processes that wait while enough shards lie ready.

    python models/training/latent/rows.py --out SHARDS --workers 12 --minutes 9 [--seed 1] [--limit 200]

A shard is an uncompressed .npz of 256 rows (about 65 MB): picture, condition and reference pictures of the rows that have them, mask and
patch labels on the 16x16 grid, task, strengths and token ids. eval.npz comes first and is kept out of training. Drawn online: one core makes
about as many rows a second as the README says, so 12 of them nearly keep up with a GPU, and every row is new.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import time
from pathlib import Path

import numpy as np

from modules import TRAINING  # noqa: F401 (puts core and data on the path)
from batches import MIXTURE, REFERENCE_BATCHES, REFERENCE_SHARES, SHARES, Source
from detail import DetailComposer
from model import PICTURE_LENGTH, PICTURE_WIDTH
from references import References

SIZE, GRID, CAP = 256, 16, 32
ROWS, EVALUATION_SEED = 256, 99


class Rows(Source):
    """The mixture of tasks of core/batches.py at 256 px."""

    def __init__(self, seed: int):
        super().__init__(seed, SIZE)
        self.composer = DetailComposer(seed, MIXTURE)
        self.references = References(self.composer)

    def _loosen(self, control: np.ndarray, strength: float) -> np.ndarray:
        """The parent shifts by up to 6 pixels of a 64 px map: here the same share of the picture."""
        reach = round((1 - strength) * 6 * (SIZE // 64 - 1))
        shift = tuple(int(v) for v in self.rng.integers(-reach, reach + 1, 2))
        return super()._loosen(np.roll(control, shift, (0, 1)), strength)

    def shard(self, count: int) -> dict[str, np.ndarray]:
        rows = []
        for _ in range(count):
            referring = self.rng.random() < REFERENCE_BATCHES
            rows.append(self.sample(CAP, REFERENCE_SHARES if referring else SHARES, referring))
        ids = np.zeros((count, CAP), np.int16)
        for k, row in enumerate(rows):
            ids[k, :len(row["ids"])] = row["ids"]
        with_condition = [k for k, row in enumerate(rows) if row["condition"].any()]
        # -255..255 with 0 for "hole" becomes a byte; a hole is middle gray.
        conditions = [((rows[k]["condition"].astype(np.int16) + 256) // 2).clip(0, 255).astype(np.uint8) for k in with_condition]
        with_reference = [k for k, row in enumerate(rows) if row.get("reference_strength", 0) > 0]
        references = [rows[k]["reference"] for k in with_reference]
        step = SIZE // GRID
        return {
            "reference_of": np.array(with_reference, np.int32),
            "reference": self.image_encoder(np.stack(references)) if references else np.zeros((0, PICTURE_LENGTH, PICTURE_WIDTH), np.float16),
            "reference_strength": np.array([row.get("reference_strength", 0) for row in rows], np.float16),
            "image": np.stack([r["image"] for r in rows]), "ids": ids,
            "condition_of": np.array(with_condition, np.int32), "condition": np.stack(conditions) if conditions else np.zeros((0, SIZE, SIZE, 3), np.uint8),
            # A latent position counts as repainted when any of its pixels is.
            "mask": np.stack([r["mask"].reshape(GRID, step, GRID, step).max((1, 3)) for r in rows]).astype(np.uint8),
            "labels": np.stack([r["labels"] for r in rows]).astype(np.uint8), "task": np.array([r["task"] for r in rows], np.uint8),
            "strength": np.array([r["strength"] for r in rows], np.float16),
        }


def write(path: Path, shard: dict[str, np.ndarray]) -> None:
    """Whole or not at all: the reader sees only finished files."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with open(part, "wb") as file:
        np.savez(file, **shard)
    part.replace(path)


def work(seed: int, out: Path, limit: int, count: int, end: float) -> None:
    rows, number, parent = Rows(seed), 0, os.getppid()
    # A parent that was killed cannot end its workers: they leave when they find another one.
    while time.time() < end and os.getppid() == parent:
        if len(list(out.glob("*.npz"))) >= limit:
            time.sleep(0.2)
            continue
        write(out / f"rows-{seed:08d}-{number:05d}.npz", rows.shard(count))
        number += 1


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--out", required=True)
    args.add_argument("--workers", type=int, default=12)
    args.add_argument("--minutes", type=float, required=True)
    args.add_argument("--limit", type=int, default=200)
    args.add_argument("--rows", type=int, default=ROWS)
    args.add_argument("--seed", type=int, default=1)
    a = args.parse_args()
    end = time.time() + a.minutes * 60
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    context = mp.get_context("spawn")
    seeds = [a.seed * 100_000 + 7 * k for k in range(a.workers)]
    workers = [context.Process(target=work, args=(s, out, a.limit, a.rows, end), daemon=True) for s in seeds]
    for worker in workers:
        worker.start()
    if not (out / "eval.done").exists():
        write(out / "eval.npz", Rows(EVALUATION_SEED).shard(a.rows))
        (out / "eval.done").touch()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
