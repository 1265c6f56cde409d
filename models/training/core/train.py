"""Trains the core and its text encoder until a wall-clock deadline; run again to resume.

    python models/training/core/train.py --out /work/train/core --until 16:00 --decay-from 15:10

The learning rate is flat and then falls linearly to 2 % between --decay-from and --until (UTC). Both are re-read from
OUT/deadline.json every 50 steps, so a running job can be shortened or extended. A checkpoint is written every 3
minutes: last.pt (everything needed to resume) and, with the average weights, ema.pt. log.jsonl has one line each 50 steps.
"""

from __future__ import annotations

import argparse
import copy
import datetime as dt
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent))
from tokenizers import Tokenizer

from batches import TOKENIZER, Source, start_workers
from flow_map import Replay, jump_loss
from from_pack import load_pack
from model import Denoiser, ReferenceEncoder, TextEncoder
from optimizer import MuonAdam
from world import BACKGROUNDS, load_concepts

LABELS = len(load_concepts()) + len(BACKGROUNDS)
VOCABULARY = Tokenizer.from_file(str(TOKENIZER)).get_vocab_size()
EMA = 0.998
# The sampler (shift 3, 8 steps) never asks below t = 0.3, so clean pictures get no more weight than that.
MIN_T = 0.25
# With --few-steps every second batch is still an ordinary one, so that many small steps stay as good as they were.
PLAIN_PERIOD = 2


def to_tensors(batch: dict, device: str = "cpu") -> dict:
    tensors = {
        "ids": torch.from_numpy(batch["ids"]),
        "x0": torch.from_numpy(batch["image"]).permute(0, 3, 1, 2).float() / 127.5 - 1,
        "condition": torch.from_numpy(batch["condition"]).permute(0, 3, 1, 2).float() / 255,
        "mask": torch.from_numpy(batch["mask"])[:, None].float(),
        "task": torch.from_numpy(batch["task"]), "strength": torch.from_numpy(batch["strength"]),
        "labels": torch.from_numpy(batch["labels"]),
    }
    if "reference" in batch:
        tensors["reference"] = torch.from_numpy(batch["reference"]).float()
        tensors["reference_strength"] = torch.from_numpy(batch["reference_strength"])
    return {k: v.to(device) for k, v in tensors.items()}


def states_of(nets: torch.nn.ModuleDict, b: dict) -> torch.Tensor:
    """The text's rows and, in batches that have references, theirs: weaker ones shorter, missing ones zero."""
    states = nets["text"](b["ids"])
    if "reference" not in b:
        return states
    return torch.cat([states, nets["reference"](b["reference"]) * b["reference_strength"][:, None, None]], 1)


def losses(nets: torch.nn.ModuleDict, b: dict, t: torch.Tensor, noise: torch.Tensor) -> tuple:
    """v-weighted x0 loss |x0 - prediction|^2 / max(t, MIN_T)^2 (JiT, Li and He 2025) and the auxiliary patch-label loss."""
    tt = t[:, None, None, None]
    x_t = (1 - tt) * b["x0"] + tt * noise
    with torch.autocast(t.device.type, torch.bfloat16):
        prediction, labels = nets["core"](x_t, t, b["condition"], b["mask"], b["task"], b["strength"], states_of(nets, b),
                                         with_labels=True)
    error = (prediction - b["x0"]).pow(2)
    # Known pixels of a repaint are pasted back later: they only need a little weight.
    known = ((b["task"] == 1).float()[:, None, None, None]) * (1 - b["mask"])
    error = error * (1 - 0.7 * known)
    per_sample = error.mean((1, 2, 3)) / t.clamp(min=MIN_T).pow(2)
    ce = F.cross_entropy(labels.float().flatten(0, 1), b["labels"].flatten())
    return per_sample, ce


def teacher_of(nets: torch.nn.ModuleDict, weights: dict, path: Path) -> torch.nn.ModuleDict:
    """The weights that a run for few steps started from, also after it was interrupted: OUT/teacher.pt. Without that file it is `weights`."""
    if not path.exists():
        torch.save(weights, path)
    teacher = copy.deepcopy(nets)
    teacher.load_state_dict(torch.load(path, weights_only=True))
    return teacher


def clock(text: str) -> float:
    """The next time the UTC clock shows HH:MM, as seconds since the epoch."""
    now = dt.datetime.now(dt.timezone.utc)
    hour, minute = map(int, text.split(":"))
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at > now - dt.timedelta(hours=6) else at + dt.timedelta(days=1)).timestamp()


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--out", default="/work/train/core")
    args.add_argument("--until", default=None)
    args.add_argument("--decay-from", default=None)
    args.add_argument("--minutes", type=float, default=None)
    args.add_argument("--steps", type=int, default=10**9)
    args.add_argument("--batch", type=int, default=32)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--compile", action="store_true")
    args.add_argument("--device", default="cpu")
    args.add_argument("--workers", type=int, default=1)
    args.add_argument("--from-pack", default=None, help="folder of a pack whose weights a new run starts from")
    args.add_argument("--few-steps", action="store_true", help="learn long steps too, from the weights that the run starts from (CPU only); remove OUT/teacher.pt for a new teacher")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    if a.minutes is not None:
        end = time.time() + a.minutes * 60
        decay = time.time() + a.minutes * 30
    else:
        end = clock(a.until)
        decay = clock(a.decay_from) if a.decay_from else (time.time() + end) / 2
    (out / "deadline.json").write_text(json.dumps({"until": end, "decay_from": decay}))

    text, core = TextEncoder(VOCABULARY).to(a.device), Denoiser(LABELS).to(a.device)
    nets = torch.nn.ModuleDict({"text": text, "core": core, "reference": ReferenceEncoder().to(a.device)})
    step, seen = 0, 0
    if a.from_pack and not (out / "last.pt").exists():
        load_pack(nets, Path(a.from_pack))
        before = json.loads((Path(a.from_pack) / "model.json").read_text())["trained"]
        step, seen = before["steps"], before["samples"]
        print(f"starts from the weights of {a.from_pack}, {seen} samples", flush=True)
    begun = step
    ema = {k: v.clone() for k, v in nets.state_dict().items()}
    optimizer = MuonAdam(nets.named_parameters())
    if (out / "last.pt").exists():
        saved = torch.load(out / "last.pt", weights_only=True, map_location=a.device)
        nets.load_state_dict(saved["nets"])
        ema, step, seen = saved["ema"], saved["step"], saved["seen"]
        optimizer.load(saved["optimizer"])
        print(f"resumed at step {step}, {seen} samples", flush=True)
    print(f"{sum(p.numel() for p in core.parameters()) / 1e6:.2f} M + text {sum(p.numel() for p in text.parameters()) / 1e6:.2f} M", flush=True)
    replay = Replay(teacher_of(nets, ema, out / "teacher.pt"), a.seed * 1000 + step + 1, a.batch) if a.few_steps else None
    if a.compile:
        # Block by block: one graph serves all blocks and compiles in half a minute (a quarter faster than eager).
        for block in core.blocks:
            block.compile(dynamic=False)
    queue, workers = start_workers(a.seed * 1000 + step, a.batch, a.workers)
    source = Source(99, evaluation=True)
    fixed = [to_tensors(source.batch(64), a.device) for _ in range(2)]
    generator = torch.Generator().manual_seed(5)
    fixed_noise = [torch.randn(64, 3, 64, 64, generator=generator).to(a.device) for _ in fixed]
    fixed_t = ((torch.arange(64) + 0.5) / 64).to(a.device)

    def evaluate() -> float:
        backup = {k: v.clone() for k, v in nets.state_dict().items()}
        nets.load_state_dict(ema)
        with torch.no_grad():
            value = sum(losses(nets, b, fixed_t, n)[0].mean().item() for b, n in zip(fixed, fixed_noise)) / len(fixed)
        nets.load_state_dict(backup)
        return value

    log = open(out / "log.jsonl", "a")
    started, last_save, last_log = time.time(), time.time(), time.time()
    sums: dict[str, list[float]] = defaultdict(list)

    def save(value: float) -> None:
        state = {"nets": nets.state_dict(), "ema": ema, "optimizer": optimizer.state(), "step": step, "seen": seen}
        torch.save(state, out / "last.tmp")
        (out / "last.tmp").replace(out / "last.pt")
        torch.save({"ema": ema, "step": step, "seen": seen, "eval": value}, out / "ema.tmp")
        (out / "ema.tmp").replace(out / "ema.pt")

    try:
        while step < a.steps and time.time() < end:
            jumps = replay is not None and step % PLAIN_PERIOD != 0
            if jumps:
                loss = jump_loss(nets, replay.next(), states_of).mean()
                loss.backward()
            else:
                b = to_tensors(queue.get(), a.device)
                t = torch.where(torch.rand(a.batch) < 0.05, torch.rand(a.batch), torch.sigmoid(0.9 + 0.9 * torch.randn(a.batch))).clamp(1e-3, 1).to(a.device)
                per_sample, ce = losses(nets, b, t, torch.randn_like(b["x0"]))
                loss = per_sample.mean()
                (loss + 0.03 * ce).backward()
            torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
            if step == begun + 51 and not jumps:
                dead = [n for n, p in core.blocks.named_parameters() if p.ndim == 2 and (p.grad is None or p.grad.abs().max() == 0)]
                assert not dead, f"blocks without gradient: {dead}"
            now = time.time()
            scale = min(1.0, (step - begun + 1) / 50) * (1.0 if now < decay else max(0.02, 1 - 0.98 * (now - decay) / max(1, end - decay)))
            optimizer.step(scale)
            step, seen = step + 1, seen + (0 if jumps else a.batch)
            rate = min(EMA, (1 + step) / (10 + step))
            with torch.no_grad():
                for k, v in nets.state_dict().items():
                    ema[k].lerp_(v, 1 - rate)
            if jumps:
                sums["jump"].append(loss.item())
            else:
                sums["loss"].append(loss.item())
                sums["ce"].append(ce.item())
            if step % 50 == 0:
                speed = 50 * a.batch / (time.time() - last_log)
                last_log = time.time()
                line = {"step": step, "seen": seen, **{name: round(sum(values) / len(values), 5) for name, values in sums.items()}, "per_s": round(speed, 1),
                        "lr": round(scale, 3), "minutes": round((time.time() - started) / 60, 2), **({"drawn": replay.drawn} if replay else {})}
                sums.clear()
                deadline = json.loads((out / "deadline.json").read_text())
                end, decay = deadline["until"], deadline["decay_from"]
                if time.time() - last_save > 180:
                    line["eval"] = round(evaluate(), 5)
                    save(line["eval"])
                    last_save = last_log = time.time()
                log.write(json.dumps(line) + "\n")
                log.flush()
                print(line, flush=True)
        value = evaluate()
        save(value)
        print(f"done: step {step}, {seen} samples, eval {value:.5f}", flush=True)
    finally:
        for worker in workers:
            worker.terminate()


if __name__ == "__main__":
    main()
