"""Trains the house-CLIP until a wall-clock deadline; run again to resume, then --export writes it next to the pack.

    python models/training/clip/train.py --out /work/train/clip --minutes 24
    python models/training/clip/train.py --out /work/train/clip --export models/packs/house-image

On a GPU: --device cuda --workers 14 --groups 256 --size gpu, deeper and wider behind the same graph contract. --from-parser takes the first convolutions of a
stored scene-parser.onnx, which saves a small run from learning edges and colours again.

The rate follows one cosine over the run. OUT/last.pt every two minutes; OUT/log.jsonl has one line each 50 steps.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "core"))
from tokenizers import Tokenizer

from losses import loss_of, worsen
from measure import Check, to_sample
from model import SIZES, Clip
from optimizer import MuonAdam
from pairs import CAPTIONS, TOKENIZER, start_workers

VOCABULARY = Tokenizer.from_file(str(TOKENIZER)).get_vocab_size()
EMA = 0.995
STEM_RATE = 3e-4
# Every group is drawn once and used this often, with other captions, framings and company.
REUSE, KEPT = 3, 6000


class Pool:
    """The newest KEPT groups; `take` mixes them."""

    def __init__(self, queue, groups: int, seed: int) -> None:
        self.queue, self.groups, self.rng = queue, groups, np.random.default_rng(seed)
        self.parts: list[dict] = []
        self.debt = 0.0

    def take(self, device: str) -> dict:
        self.debt += self.groups / REUSE
        while self.debt > 0 or not self.parts:
            self.parts.append(self.queue.get())
            self.debt -= len(self.parts[-1]["kind"])
        size = len(self.parts[0]["kind"])
        del self.parts[:max(0, len(self.parts) - KEPT // size)]
        chosen = self.rng.integers(0, len(self.parts) * size, self.groups)
        rows = {k: np.concatenate([self.parts[i // size][k][i % size] for i in chosen]) for k in self.parts[0]}
        words = self.rng.integers(0, CAPTIONS, len(rows["kind"]))
        out = {k: torch.from_numpy(rows[k]) for k in ("kind", "meaning", "looks", "style", "plain")}
        for k in ("ids", "said_style", "said_plain"):
            out[k] = torch.from_numpy(rows[k][np.arange(len(words)), words]).long()
        out["ids"] = out["ids"][:, :int((out["ids"] != 0).sum(1).max())]
        out["picture"] = to_sample(rows["image"])
        return {k: v.to(device) for k, v in out.items()}


def make(size: str = "cpu") -> Clip:
    return Clip(VOCABULARY, size).to(memory_format=torch.channels_last)


def train(a: argparse.Namespace, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    net = make(a.size)
    started_from = None
    if a.from_parser and not (out / "last.pt").exists():
        net.picture.start_from_parser(Path(a.from_parser))
        started_from = Path(a.from_parser).name
    net = net.to(a.device)
    stem = {id(p) for p in net.picture.stem()}
    optimizer = MuonAdam([(n, p) for n, p in net.named_parameters() if id(p) not in stem])
    slow = torch.optim.AdamW(net.picture.stem(), lr=STEM_RATE, weight_decay=0.01)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    step, spent = 0, 0.0
    if (out / "last.pt").exists():
        saved = torch.load(out / "last.pt", weights_only=True, map_location=a.device)
        net.load_state_dict(saved["net"])
        optimizer.load(saved["optimizer"])
        slow.load_state_dict(saved["slow"])
        average, step, spent, started_from = saved["average"], saved["step"], saved["spent"], saved["started_from"]
        print(f"resumed at step {step} after {spent / 60:.1f} minutes", flush=True)
    print(f"picture {sum(p.numel() for p in net.picture.parameters()) / 1e6:.2f} M, text {sum(p.numel() for p in net.text.parameters()) / 1e6:.2f} M parameters", flush=True)
    queue, workers = start_workers(a.seed * 1000 + step, 8, a.workers)
    check, judge, pool = Check(), make(a.size).to(a.device), Pool(queue, a.groups, a.seed + step)
    log = open(out / "log.jsonl", "a")
    start, saved_at, whole = time.time(), time.time(), a.minutes * 60

    def measure() -> dict:
        judge.load_state_dict(average)
        return check.read(judge)

    def save(value: dict) -> None:
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state(), "slow": slow.state_dict(), "average": average, "step": step, "batch": a.groups * 3,
                    "spent": spent + time.time() - start, "seed": a.seed, "size": a.size, "started_from": started_from, "accuracy": value}, out / "last.tmp")
        (out / "last.tmp").replace(out / "last.pt")

    sums: dict[str, float] = {}
    try:
        while (done := (spent + time.time() - start) / whole) < 1:
            b = pool.take(a.device)
            scale = min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))
            value, parts = loss_of(net, worsen(b["picture"]), b)
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            for group in slow.param_groups:
                group["lr"] = STEM_RATE * scale
            slow.step()
            slow.zero_grad(set_to_none=True)
            optimizer.step(scale)
            step += 1
            rate = min(EMA, (1 + step) / (10 + step))
            with torch.no_grad():
                for k, v in net.state_dict().items():
                    average[k].lerp_(v, 1 - rate)
            for k, v in parts.items():
                sums[k] = sums.get(k, 0) + v / 50
            if step % 50 == 0:
                line = {"step": step, "pictures": step * a.groups * 3, "minutes": round((spent + time.time() - start) / 60, 2), **{k: round(v, 4) for k, v in sums.items()}}
                sums = {}
                if time.time() - saved_at > 120:
                    line["accuracy"] = measure()
                    save(line["accuracy"])
                    saved_at = time.time()
                log.write(json.dumps(line) + "\n")
                log.flush()
                print(line, flush=True)
        value = measure()
        save(value)
        print(f"done: step {step}, {value}", flush=True)
    finally:
        for worker in workers:
            worker.terminate()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/work/train/clip")
    parser.add_argument("--minutes", type=float, default=24)
    parser.add_argument("--groups", type=int, default=40, help="of three pictures: a batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", choices=SIZES, default="cpu")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--from-parser", default=None)
    parser.add_argument("--export", default=None)
    a = parser.parse_args()
    if a.export is None:
        train(a, Path(a.out))
    else:
        from export import export
        export(Path(a.out), Path(a.export))


if __name__ == "__main__":
    main()
