"""Trains the autoencoder f16c16 until a wall-clock deadline; run again with the same --out to resume, also from ema.pt alone.

    python models/training/autoencoder/train.py --out /work/train/autoencoder --minutes 25                       # CPU size
    python models/training/autoencoder/train.py --out DIR --size gpu --device cuda --workers 14 --minutes 8      # GPU size

Loss: L1 + 0.5 (1 - MS-SSIM) + 0.1 Laplacian pyramid + 0.1 spectrum + 0.1 features of the scene parser, + 1e-6 KL summed over a
picture's latents. The latents get gaussian noise of up to a tenth of their deviation before they are decoded, and in a quarter of
the steps latents and picture are turned, flipped or reduced together (transforms.py). --adversarial adds a PatchGAN in the
last third (discriminator.py). A checkpoint every 3 minutes: last.pt (to resume) and ema.pt (averaged weights, normalised latents).
log.jsonl has a line each 50 steps; metrics.json is written at the end.
"""

from __future__ import annotations

import argparse
import json
import queue as queues
import sys
import time
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data")]
sys.path.append(str(HERE.parent / "core"))
from discriminator import Discriminator, hinge, persuade, r1
from losses import ParserFeatures, laplacian_loss, ms_ssim_loss, spectrum_loss
from measure import measure, readings, to_tensor, unseen
from model import SIZES, Autoencoder
from optimizer import MuonAdam
from pictures import Pictures, start_workers
from transforms import random_pair

EMA = 0.998
DEFAULTS = {"cpu": {"batch": 8, "crop": 128, "bank": 1000}, "gpu": {"batch": 64, "crop": 256, "bank": 16000}}


def in_convolutions(name: str, p: torch.Tensor) -> bool:
    """Kernels between features. Heads and the first convolution are maps from or to pixels or latents: they train better with AdamW."""
    return p.ndim == 4 and "head" not in name and not name.endswith("body.0.weight")


class Bank:
    """A ring of uint8 pictures on the training device, renewed while training: by workers, or one picture a step without them."""

    def __init__(self, size: int, seed: int, workers: int, device: str):
        self.device, self.workers = device, []
        self.pictures = torch.zeros(size, 3, 256, 256, dtype=torch.uint8, device=device)
        self.filled = self.at = self.drawn = 0
        if workers:
            self.queue, self.workers = start_workers(seed, workers)
        else:
            self.source = Pictures(seed)
        while self.filled < min(size, 256):
            self.renew(wait=True)

    def _put(self, batch: np.ndarray) -> None:
        rows = torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).to(self.device)
        places = (torch.arange(len(rows)) + self.at) % len(self.pictures)
        self.pictures[places.to(self.device)] = rows
        self.at = (self.at + len(rows)) % len(self.pictures)
        self.filled = min(len(self.pictures), self.filled + len(rows))
        self.drawn += len(rows)

    def renew(self, wait: bool = False) -> None:
        if not self.workers:
            self._put(self.source.draw()[None])
            return
        try:
            while True:
                self._put(self.queue.get(timeout=60) if wait else self.queue.get_nowait())
                if wait:
                    return
        except queues.Empty:
            if wait:
                raise

    def batch(self, count: int, crop: int) -> torch.Tensor:
        """float32 [count,3,crop,crop] in -1..1: one random window for all, flipped at random."""
        rows = self.pictures[torch.randint(self.filled, (count,)).to(self.device)]
        y, x = (int(torch.randint(256 - crop + 1, (1,))) for _ in range(2))
        rows = rows[..., y:y + crop, x:x + crop].float() / 127.5 - 1
        return rows.flip(3) if torch.rand(()) < 0.5 else rows


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--out", default="/work/train/autoencoder")
    args.add_argument("--size", choices=list(SIZES), default="cpu")
    args.add_argument("--device", default="cpu")
    args.add_argument("--minutes", type=float, required=True)
    args.add_argument("--steps", type=int, default=10**9)
    args.add_argument("--batch", type=int, default=None)
    args.add_argument("--crop", type=int, default=None)
    args.add_argument("--bank", type=int, default=None)
    args.add_argument("--workers", type=int, default=0)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--adversarial", action="store_true")
    args.add_argument("--no-metrics", action="store_true")
    a = args.parse_args()
    batch, crop, bank_size = (getattr(a, k) or DEFAULTS[a.size][k] for k in ("batch", "crop", "bank"))
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    generator = torch.Generator().manual_seed(a.seed + 1)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    started = time.time()
    end = started + a.minutes * 60
    decay, late = started + a.minutes * 30, started + a.minutes * 40

    net = Autoencoder(a.size).to(a.device, memory_format=torch.channels_last)
    judge = Discriminator().to(a.device) if a.adversarial else None
    judge_optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-4, betas=(0.5, 0.9)) if judge else None
    features = ParserFeatures(deep=a.size == "gpu").to(a.device, memory_format=torch.channels_last)
    ema = {k: v.clone() for k, v in net.state_dict().items()}
    optimizer = MuonAdam(net.named_parameters(), in_convolutions, muon_lr=0.01, decay=0)
    step = seen = 0
    spent = 0.0
    found = next((out / name for name in ("last.pt", "ema.pt") if (out / name).exists()), None)
    warm = 0
    if found is not None:
        saved = torch.load(found, weights_only=True, map_location=a.device)
        if saved["size"] != a.size:
            raise SystemExit(f"{found} is of size {saved['size']}")
        net.load_state_dict(saved.get("net", saved["ema"]))
        ema, step, seen, spent = saved["ema"], saved["step"], saved["seen"], saved["spent"]
        if "optimizer" in saved:
            optimizer.load(saved["optimizer"])
        else:
            warm = step
        print(f"resumed from {found.name} at step {step}, {seen} crops", flush=True)
    print(f"encoder {sum(p.numel() for p in net.encoder.parameters()) / 1e6:.2f} M, decoder {sum(p.numel() for p in net.decoder.parameters()) / 1e6:.2f} M", flush=True)
    bank = Bank(bank_size, a.seed * 1000 + step, a.workers, a.device)
    check = unseen(32, "scene")
    averaged = Autoencoder(a.size).to(a.device)

    def losses(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        with torch.autocast(a.device, torch.bfloat16):
            mean, logvar = net.encoder(x)
        mean, logvar = mean.float(), logvar.float()
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        deviation = mean.detach().std((0, 2, 3), keepdim=True)
        z = z + deviation * 0.1 * torch.rand(len(x), 1, 1, 1, device=x.device) * torch.randn_like(z)
        if torch.rand((), generator=generator) < 0.25:
            z, x = random_pair(z, x, generator)
        with torch.autocast(a.device, torch.bfloat16):
            y = net.decoder(z)
        y = y.float()
        with torch.autocast(a.device, torch.bfloat16):
            seen_by_parser = features.distance(y, x)
        kl = 0.5 * (mean.pow(2) + logvar.exp() - 1 - logvar).sum((1, 2, 3)).mean()
        parts = {"l1": (y - x).abs().mean(), "msssim": ms_ssim_loss(y, x), "laplacian": laplacian_loss(y, x), "spectrum": spectrum_loss(y, x),
                 "features": seen_by_parser, "kl": kl}
        weights = {"l1": 1, "msssim": 0.5, "laplacian": 0.1, "spectrum": 0.1, "features": 0.1, "kl": 1e-6}
        return sum(weights[k] * v for k, v in parts.items()), x, y, parts

    def save() -> dict:
        averaged.load_state_dict(ema)
        # Latents are normalised on scenes: the first pictures of the check, which no gradient sees.
        averaged.normalise(check.to(a.device))
        reached = readings(averaged, check)
        state = {"net": net.state_dict(), "ema": ema, "optimizer": optimizer.state(), "step": step, "seen": seen, "size": a.size,
                 "spent": spent + time.time() - started}
        torch.save(state, out / "last.tmp")
        (out / "last.tmp").replace(out / "last.pt")
        torch.save({"ema": averaged.state_dict(), "step": step, "seen": seen, "size": a.size, "spent": state["spent"], "check": reached}, out / "ema.tmp")
        (out / "ema.tmp").replace(out / "ema.pt")
        return reached

    log = open(out / "log.jsonl", "a")
    last_save = last_log = time.time()
    totals: dict[str, float] = {}
    try:
        while step < a.steps and time.time() < end:
            bank.renew()
            x = bank.batch(batch, crop).contiguous(memory_format=torch.channels_last)
            loss, x, y, parts = losses(x)
            if judge is not None and time.time() > late:
                loss = loss + 0.05 * persuade(judge, y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            now = time.time()
            scale = min(1.0, (step - warm + 1) / 50) * (1.0 if now < decay else max(0.02, 1 - 0.98 * (now - decay) / max(1, end - decay)))
            optimizer.step(scale)
            if judge is not None and now > late:
                judge_loss = hinge(judge, x, y) + (r1(judge, x) if step % 8 == 0 else 0)
                judge_optimizer.zero_grad(set_to_none=True)
                judge_loss.backward()
                judge_optimizer.step()
            step, seen = step + 1, seen + batch
            rate = min(EMA, (1 + step) / (10 + step))
            with torch.no_grad():
                for k, v in net.state_dict().items():
                    ema[k].lerp_(v, 1 - rate)
            for k, v in parts.items():
                totals[k] = totals.get(k, 0.0) + v.detach()
            if step % 50 == 0:
                line = {"step": step, "seen": seen, "drawn": bank.drawn, **{k: round(float(v) / 50, 5) for k, v in totals.items()}, "lr": round(scale, 3),
                        "per_s": round(50 * batch / (time.time() - last_log), 1), "minutes": round((spent + time.time() - started) / 60, 2)}
                totals, last_log = {}, time.time()
                if time.time() - last_save > 180:
                    line["check"] = save()
                    last_save = last_log = time.time()
                log.write(json.dumps(line) + "\n")
                log.flush()
                print(line, flush=True)
        line = {"done": step, "seen": seen, "drawn": bank.drawn, "check": save()}
        log.write(json.dumps(line) + "\n")
        print(line, flush=True)
    finally:
        for worker in bank.workers:
            worker.terminate()
    if not a.no_metrics:
        metrics = {"size": a.size, "step": step, "crops": seen, "minutes": round((spent + time.time() - started) / 60, 1), **measure(averaged)}
        (out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
        print(metrics, flush=True)


if __name__ == "__main__":
    main()
