"""Trains the latent core with its text and reference encoders until a wall-clock deadline, on latents that encode.py writes meanwhile.

    python models/training/latent/train.py --latents LATENTS --out DIR --device cuda --compile --minutes 8 [--decay]

Run again with the same --out to resume from last.pt, or from ema.pt where only that is left (weights and counters, fresh optimiser).
The learning rate is flat; --decay lets it fall linearly to 2 % over the second half of this run: give it in the last one only.
Every 3 minutes and at the end: last.pt, ema.pt, and in log.jsonl the loss on eval.pt, which no step sees.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from modules import TRAINING  # noqa: F401 (puts core and data on the path)
from tokenizers import Tokenizer

from bank import LatentBank
from batches import TOKENIZER
from core import make, states
from optimizer import MuonAdam
from world import BACKGROUNDS, load_concepts

LABELS = len(load_concepts()) + len(BACKGROUNDS)
VOCABULARY = Tokenizer.from_file(str(TOKENIZER)).get_vocab_size()
EMA = 0.999
MIN_T = 0.1
WARM_UP = 100


def times(count: int, device: str) -> Tensor:
    """Logit-normal (Esser et al. 2024, section 3.1) around 0.57, one in twenty uniform. 16x16x16 latents have the 4,096 dimensions
    at which the resolution shift of that paper is one."""
    logit = torch.sigmoid(0.3 + torch.randn(count, device=device))
    return torch.where(torch.rand(count, device=device) < 0.05, torch.rand(count, device=device), logit).clamp(1e-3, 1)


def losses(nets: torch.nn.ModuleDict, b: dict[str, Tensor], t: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """As in core/train.py: v-weighted x0 error |x0 - prediction|^2 / max(t, MIN_T)^2 per sample, and the patch-label loss."""
    tt = t[:, None, None, None]
    with torch.autocast(t.device.type, torch.bfloat16):
        hidden = states(nets, b["ids"], b["reference"], b["reference_strength"])
        prediction, labels = nets["core"]((1 - tt) * b["x0"] + tt * noise, t, b["condition"], b["mask"], b["task"], b["strength"], hidden, True)
    known = (b["task"] == 1).float()[:, None, None, None] * (1 - b["mask"])
    error = (prediction - b["x0"]).pow(2) * (1 - 0.7 * known)
    return error.mean((1, 2, 3)) / t.clamp(min=MIN_T).pow(2), F.cross_entropy(labels.float().flatten(0, 1), b["labels"].flatten())


def wait_for_rows(bank: LatentBank, rows: int, end: float) -> None:
    while not (bank.folder / "eval.pt").exists() or bank.refresh() < rows:
        if time.time() > end:
            raise SystemExit(f"only {bank.taken} rows of latents in {bank.folder} at the deadline")
        time.sleep(0.5)


def compile_blocks(nets: torch.nn.ModuleDict, trial) -> None:
    """Compiles block by block; a machine where that fails trains without, a quarter to a half slower."""
    blocks = nets["core"].blocks
    for block in blocks:
        block.compile(dynamic=False)
    try:
        trial()
    except Exception as error:
        print(f"compiling failed, training without: {error!r:.300}", flush=True)
        for block in blocks:
            block._compiled_call_impl = None


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--latents", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--device", default="cpu")
    args.add_argument("--minutes", type=float, required=True)
    args.add_argument("--steps", type=int, default=10**9)
    args.add_argument("--batch", type=int, default=512)
    args.add_argument("--capacity", type=int, default=1_000_000)
    args.add_argument("--rows", type=int, default=20_000, help="start when so many rows are there")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--compile", action="store_true")
    args.add_argument("--decay", action="store_true")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    torch.backends.cuda.matmul.allow_tf32 = True
    started = time.time()
    end = started + a.minutes * 60
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(a.seed)
    nets = make(VOCABULARY, LABELS).to(a.device)
    ema = {k: v.clone() for k, v in nets.state_dict().items()}
    optimizer = MuonAdam(nets.named_parameters())
    step = seen = 0
    spent, warm = 0.0, 0
    found = next((out / name for name in ("last.pt", "ema.pt") if (out / name).exists()), None)
    if found is not None:
        saved = torch.load(found, weights_only=True, map_location=a.device)
        nets.load_state_dict(saved.get("nets", saved["ema"]))
        ema, step, seen, spent = {k: v.to(a.device) for k, v in saved["ema"].items()}, saved["step"], saved["seen"], saved["spent"]
        if "optimizer" in saved:
            optimizer.load(saved["optimizer"])
        else:
            warm = step
        print(f"resumed from {found.name} at step {step}, {seen} samples", flush=True)
    torch.manual_seed(a.seed * 1000 + step)
    print(f"core {sum(p.numel() for p in nets['core'].parameters()) / 1e6:.2f} M, text {sum(p.numel() for p in nets['text'].parameters()) / 1e6:.2f} M, "
          f"reference {sum(p.numel() for p in nets['reference'].parameters()) / 1e6:.2f} M", flush=True)
    bank = LatentBank(Path(a.latents), a.capacity, a.device)
    wait_for_rows(bank, a.rows, end)
    fixed = LatentBank.evaluation(Path(a.latents), a.device)
    count = len(fixed["x0"])
    fixed_t = ((torch.arange(count) + 0.5) / count).to(a.device)
    fixed_noise = torch.randn(fixed["x0"].shape, generator=torch.Generator().manual_seed(5)).to(a.device)
    if a.compile:
        def trial() -> None:
            b = bank.batch(a.batch)
            losses(nets, b, times(a.batch, a.device), torch.randn_like(b["x0"]))[0].mean().backward()
            nets.zero_grad(set_to_none=True)
        compile_blocks(nets, trial)

    def evaluate() -> float:
        backup = {k: v.clone() for k, v in nets.state_dict().items()}
        nets.load_state_dict(ema)
        with torch.no_grad():
            value = losses(nets, fixed, fixed_t, fixed_noise)[0].mean().item()
        nets.load_state_dict(backup)
        return value

    def save() -> float:
        value = evaluate()
        common = {"ema": ema, "step": step, "seen": seen, "eval": value, "spent": spent + time.time() - started}
        torch.save({"nets": nets.state_dict(), "optimizer": optimizer.state(), **common}, out / "last.tmp")
        (out / "last.tmp").replace(out / "last.pt")
        torch.save(common, out / "ema.tmp")
        (out / "ema.tmp").replace(out / "ema.pt")
        return value

    log = open(out / "log.jsonl", "a")
    last_save = last_log = begun = time.time()
    total, total_ce = torch.zeros((), device=a.device), torch.zeros((), device=a.device)
    decay_from = (begun + end) / 2 if a.decay else end
    first = step
    while step - first < a.steps and time.time() < end:
        b = bank.batch(a.batch)
        per_sample, ce = losses(nets, b, times(a.batch, a.device), torch.randn_like(b["x0"]))
        loss = per_sample.mean()
        (loss + 0.1 * ce).backward()
        torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
        if step == 50:
            dead = [n for n, p in nets["core"].blocks.named_parameters() if p.ndim == 2 and (p.grad is None or p.grad.abs().max() == 0)]
            assert not dead, f"blocks without gradient: {dead}"
        now = time.time()
        scale = min(1.0, (step - warm + 1) / WARM_UP) * (1.0 if now < decay_from else max(0.02, 1 - 0.98 * (now - decay_from) / max(1, end - decay_from)))
        optimizer.step(scale)
        step, seen = step + 1, seen + a.batch
        rate = min(EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(ema.values()), list(nets.state_dict().values()), 1 - rate)
            total, total_ce = total + loss, total_ce + ce
        if step % 50 == 0:
            line = {"step": step, "seen": seen, "loss": round(total.item() / 50, 5), "ce": round(total_ce.item() / 50, 4), "rows": bank.refresh(40),
                    "per_s": round(50 * a.batch / (time.time() - last_log), 1), "lr": round(scale, 3), "minutes": round((spent + time.time() - started) / 60, 2)}
            total, total_ce, last_log = torch.zeros_like(total), torch.zeros_like(total_ce), time.time()
            if time.time() - last_save > 180:
                line["eval"] = round(save(), 5)
                last_save = last_log = time.time()
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(line, flush=True)
    value = save()
    line = {"done": step, "seen": seen, "rows": bank.taken, "eval": round(value, 5), "per_s": round(a.batch * (step - first) / max(1e-3, time.time() - begun), 1)}
    log.write(json.dumps(line) + "\n")
    print(line, flush=True)


if __name__ == "__main__":
    main()
