"""Trains the scene parser until a wall-clock deadline; run again to resume, then --export writes it next to the pack.

    python models/training/parser/train.py --out /work/train/parser --minutes 20
    python models/training/parser/train.py --out /work/train/parser --export models/packs/house-image

On a GPU: --device cuda --workers 14 --size gpu, twice the channels behind the same graph contract. With --from-pack a new run starts from the pack's parser. The rate follows one cosine over the run. OUT/last.pt every two minutes; OUT/log.jsonl has one line each 100 steps.
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
import torch.nn.functional as F

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "export")]
from model import SIZES, Parser
from samples import HEADS, IGNORE, NATURAL, batch, start_workers
from world import STYLES, load_concepts

CONCEPTS, COLORS = len(load_concepts()), NATURAL + 1
PARTS = [1, CONCEPTS, COLORS, 4, len(STYLES)]


def make(size: str = "cpu") -> Parser:
    return Parser(CONCEPTS, COLORS, len(STYLES), list(HEADS.values()), size).to(memory_format=torch.channels_last)


def tensors(b: dict, device: str = "cpu") -> dict:
    out = {k: torch.from_numpy(v).to(device) for k, v in b.items()}
    out["image"] = out["image"].permute(0, 3, 1, 2).float() / 127.5 - 1
    return out


def worsen(x: torch.Tensor) -> torch.Tensor:
    """Half of the pictures get soft, noisy, or off in light, so that the parser reads imperfect drawings too."""
    n = len(x)
    some = lambda *shape: torch.rand(*shape, device=x.device)
    pick = lambda p: (some(n, 1, 1, 1) < p).float()
    soft = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear", align_corners=False)
    a = pick(0.3) * some(n, 1, 1, 1)
    x = x + a * (soft - x)
    blur = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    a = pick(0.3) * some(n, 1, 1, 1)
    x = x + a * (blur - x)
    x = x + pick(0.4) * 0.25 * some(n, 1, 1, 1) * (torch.rand_like(x) * 2 - 1)
    gain, lift = 1 + pick(0.5) * 0.15 * torch.randn(n, 1, 1, 1, device=x.device), pick(0.5) * 0.08 * torch.randn(n, 3, 1, 1, device=x.device)
    return (x * gain + lift).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def loss_of(net: Parser, x: torch.Tensor, b: dict) -> tuple[torch.Tensor, dict]:
    with torch.autocast(x.device.type, torch.bfloat16):
        objects, scene, _ = net(x)
    objects, scene = objects.float(), scene.float()
    heat, concept, color, box, style = objects.split(PARTS, 1)
    heat, target, centre = heat[:, 0], b["heat"], b["centre"] > 0
    # Focal loss of CenterNet (Zhou et al. 2019, equation 1): cells near a centre count less as negatives.
    p = heat.sigmoid().clamp(1e-4, 1 - 1e-4)
    focal = torch.where(centre, -(1 - p).pow(2) * p.log(), -(1 - target).pow(4) * p.pow(2) * (1 - p).log()).sum() / centre.sum().clamp(min=1)
    # Centres must be right; the other cells that an object covers teach its look.
    weight = torch.where(centre, 1.0, 0.2) * (b["concept"] != IGNORE)
    cells = lambda logits, labels: (F.cross_entropy(logits, labels.clamp(min=0), reduction="none") * weight).sum() / weight.sum()
    parts = {"heat": focal, "concept": cells(concept, b["concept"]), "color": cells(color, b["color"]),
             "style": cells(style, b["style"][:, None, None].expand_as(b["concept"])),
             "box": ((box - b["box"]).abs().sum(1) * centre).sum() / centre.sum().clamp(min=1)}
    for logits, labels, name in zip(scene.split(list(HEADS.values()), 1), b["heads"].T, HEADS):
        if (labels != IGNORE).any():
            parts[name] = F.cross_entropy(logits, labels, ignore_index=IGNORE)
    scale = {"heat": 1.0, "concept": 1.0, "color": 1.0, "box": 0.3, "style": 0.5}
    return sum(scale.get(k, 0.4) * v for k, v in parts.items()), {k: v.item() for k, v in parts.items()}


@torch.no_grad()
def accuracy(net: Parser, b: dict) -> dict:
    """Shares of right answers: concept and colour at true centres, centres found without false ones, and each head."""
    net.eval()
    outs = [net(x) for x in b["image"].contiguous(memory_format=torch.channels_last).split(256)]
    objects, scene = torch.cat([o[0] for o in outs]), torch.cat([o[1] for o in outs])
    net.train()
    heat, concept, color, _, style = objects.split(PARTS, 1)
    centre = b["centre"] > 0
    out = {"concept": (concept.argmax(1) == b["concept"])[centre].float().mean(), "color": (color.argmax(1) == b["color"])[centre].float().mean()}
    out["style"] = (style.argmax(1) == b["style"][:, None, None])[centre].float().mean()
    peak = (heat == F.max_pool2d(heat, 3, 1, 1)) & (heat > 0)
    out["count"] = (peak.sum((1, 2, 3)) == centre.sum((1, 2))).float().mean()
    for logits, labels, name in zip(scene.split(list(HEADS.values()), 1), b["heads"].T, HEADS):
        out[name] = (logits.argmax(1) == labels)[labels != IGNORE].float().mean()
    return {k: round(float(v), 4) for k, v in out.items()}


def train(a: argparse.Namespace, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    net = make(a.size).to(a.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=a.rate, weight_decay=0.02)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    step, spent, before = 0, 0.0, {"pictures": 0, "steps": 0, "minutes": 0.0}
    from composer import Composer
    fixed = tensors(batch(Composer(4242), np.random.default_rng(4242), 768), a.device)
    if a.from_pack and not (out / "last.pt").exists():
        from from_pack import load_parser
        pack = Path(a.from_pack)
        apart = load_parser(net, pack / "scene-parser.onnx", fixed["image"][:64])
        assert apart < 1e-2, f"the network differs from the pack's graph by {apart:.1e}"
        before = {key: json.loads((pack / "scene-parser.json").read_text())["trained"][key] for key in before}
        average = {k: v.clone() for k, v in net.state_dict().items()}
        print(f"starts from the parser of {pack}, {before['pictures']} pictures", flush=True)
    if (out / "last.pt").exists():
        saved = torch.load(out / "last.pt", weights_only=True, map_location=a.device)
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        average, step, spent, before = saved["average"], saved["step"], saved["spent"], saved["before"]
        print(f"resumed at step {step} after {spent / 60:.1f} minutes", flush=True)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e6:.2f} M parameters", flush=True)
    queue, workers = start_workers(a.seed * 1000 + step + before["steps"], a.batch, a.workers)
    log = open(out / "log.jsonl", "a")
    start, saved_at, whole = time.time(), time.time(), a.minutes * 60
    judge = make(a.size).to(a.device)

    def save(value: dict) -> None:
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step, "pictures": step * a.batch // 2, "spent": spent + time.time() - start,
                    "before": before, "size": a.size, "accuracy": value}, out / "last.tmp")
        (out / "last.tmp").replace(out / "last.pt")

    def measure() -> dict:
        judge.load_state_dict(average)
        return accuracy(judge, fixed)

    sums: dict[str, float] = {}
    try:
        while (done := (spent + time.time() - start) / whole) < 1:
            b = tensors(queue.get(), a.device)
            for _ in range(2):
                rate = a.rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))
                for group in optimizer.param_groups:
                    group["lr"] = rate
                value, parts = loss_of(net, worsen(b["image"]), b)
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
                optimizer.step()
                step += 1
                with torch.no_grad():
                    keep = min(0.998, (1 + step) / (10 + step))
                    for k, v in net.state_dict().items():
                        average[k].lerp_(v, 1 - keep) if v.is_floating_point() else average[k].copy_(v)
                for k, v in parts.items():
                    sums[k] = sums.get(k, 0) + v / 100
                if step % 100 == 0:
                    line = {"step": step, "pictures": step * a.batch // 2, "minutes": round((spent + time.time() - start) / 60, 2), **{k: round(v, 4) for k, v in sums.items()}}
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
    parser.add_argument("--out", default="/work/train/parser")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--size", choices=SIZES, default="cpu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest, after the first hundred steps")
    parser.add_argument("--from-pack", default=None, help="folder of a pack whose parser a new run starts from")
    parser.add_argument("--export", default=None)
    a = parser.parse_args()
    if a.export is None:
        train(a, Path(a.out))
    else:
        from export import export
        export(Path(a.out), Path(a.export))


if __name__ == "__main__":
    main()
