"""All latents that fit, on the training device; takes in new shards while the training runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from core import TEXT_LENGTH, TOKENS


class LatentBank:
    """A ring of `capacity` rows of about 29 KB, most of it zeros where a row has no condition or no reference; names that start with "eval" are left to `evaluation`."""

    def __init__(self, folder: Path, capacity: int, device: str):
        self.folder, self.device, self.capacity = folder, device, capacity
        self.read: set[str] = set()
        self.rows: dict[str, Tensor] = {}
        self.filled = self.at = self.taken = 0

    def _put(self, shard: dict[str, Tensor]) -> None:
        count = len(shard["image"])
        for key in ("condition", "reference"):
            some = shard.pop(key)
            shard[key] = torch.zeros(count, *some.shape[1:], dtype=some.dtype)
            shard[key][shard.pop(f"{key}_of").long()] = some
        if not self.rows:
            self.rows = {k: torch.zeros(self.capacity, *v.shape[1:], dtype=v.dtype, device=self.device) for k, v in shard.items()}
        places = (torch.arange(count) + self.at).remainder(self.capacity).to(self.device)
        for key, value in shard.items():
            self.rows[key][places] = value.to(self.device)
        self.at = (self.at + count) % self.capacity
        self.filled = min(self.capacity, self.filled + count)
        self.taken += count

    def refresh(self, most: int = 10**9) -> int:
        """Reads up to `most` shards that were not read yet; the number of rows seen so far."""
        fresh = [p for p in sorted(self.folder.glob("rows-*.pt")) if p.name not in self.read][:most]
        for path in fresh:
            self._put(torch.load(path, weights_only=True))
            self.read.add(path.name)
        return self.taken

    def batch(self, count: int) -> dict[str, Tensor]:
        return unpack(self.rows, torch.randint(self.filled, (count,)).to(self.device))

    @staticmethod
    def evaluation(folder: Path, device: str) -> dict[str, Tensor]:
        bank = LatentBank(folder, 10**9, device)
        shard = torch.load(folder / "eval.pt", weights_only=True)
        bank.capacity = len(shard["image"])
        bank._put(shard)
        return unpack(bank.rows, torch.arange(bank.filled).to(device))


def unpack(rows: dict[str, Tensor], picked: Tensor) -> dict[str, Tensor]:
    """Named as in core/train.py, in the types that the networks take."""
    row = {k: v[picked] for k, v in rows.items()}
    assert row["ids"].shape[1] == TEXT_LENGTH and row["labels"].shape[1] == TOKENS
    return {"ids": row["ids"].long(), "x0": row["image"].float(), "condition": row["condition"].float(), "mask": row["mask"][:, None].float(),
            "reference": row["reference"].float(), "reference_strength": row["reference_strength"].float(),
            "task": row["task"].long(), "strength": row["strength"].float(), "labels": row["labels"].long()}
