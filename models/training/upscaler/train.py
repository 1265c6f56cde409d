"""Trains the x4 upscaler on composed scenes and pictures of all kinds (data/pictures.py); run again to resume.

    python models/training/upscaler/train.py --out /work/train/upscaler --minutes 15

The input is the 64 px area average of a 256 px picture, degraded with blur, fine and coarse noise and faint 8 px patch seams.
With --core CHECKPOINT half of the inputs are instead what the core itself makes of the noised scene at t between 0.2 and
0.55, so the upscaler also cleans the grain that the core leaves. Loss: Charbonnier on pixels plus L1 on horizontal and vertical differences.
--from-pack PACK starts from the upscaler of a pack. On a GPU: --device cuda --size gpu, twice the channels behind the same graph contract.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "core"), str(HERE), str(HERE.parent / "data")]
from from_pack import load_graph
from pictures import SHARES, Pictures
from upscaler import SIZES, Upscaler


def bank(count: int, seed: int) -> tuple[torch.Tensor, list[str | None]]:
    """uint8 pictures [N,3,256,256] and their captions: three scenes in five, the rest leaves, clip art, text and noise without a caption."""
    pictures = Pictures(seed)
    composer = pictures.composer
    others = {kind: share for kind, share in SHARES.items() if kind != "scene"}
    chances = np.array(list(others.values())) / sum(others.values())
    rows, captions = [], []
    for k in range(count):
        if k % 5 < 3:
            rows.append(composer.render(spec := composer.describe(), 256)["image"])
            captions.append(composer.caption(spec, rich=False))
        else:
            rows.append(pictures.draw(str(pictures.rng.choice(list(others), p=chances))))
            captions.append(None)
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous(), captions


def core_views(checkpoint: str, scenes: torch.Tensor, captions: list[str | None]) -> torch.Tensor:
    """float16 [N,3,64,64]: the core's x0 from each scene noised to a random t; scenes without a caption stay clean."""
    from core_nets import load_core
    nets, encode = load_core(checkpoint)
    out = shrink(scenes.float() / 127.5 - 1)
    named = [k for k, c in enumerate(captions) if c is not None]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(named), 32):
            rows = named[start:start + 32]
            n = len(rows)
            t = 0.2 + 0.35 * torch.rand(n)
            x_t = (1 - t[:, None, None, None]) * out[rows] + t[:, None, None, None] * torch.randn(n, 3, 64, 64)
            hidden = nets["text"](encode([captions[k] for k in rows]))
            none = torch.zeros(n, 3, 64, 64)
            out[rows] = nets["core"](x_t, t, none, none[:, :1], torch.zeros(n, dtype=torch.long), torch.zeros(n), hidden)
    return out.half()


def shrink(high: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(high, 4)


def degrade(low: torch.Tensor) -> torch.Tensor:
    b, _, h, w = low.shape
    x = torch.arange(-2, 3).float()
    sigma = torch.rand(b) * 0.75 + 0.05
    k = torch.exp(-x[None] ** 2 / (2 * sigma[:, None] ** 2))
    k = k / k.sum(1, keepdim=True)
    kernel = (k[:, :, None] * k[:, None, :])[:, None].repeat_interleave(3, 0)
    low = F.conv2d(F.pad(low, (2, 2, 2, 2), mode="replicate").reshape(1, b * 3, h + 4, w + 4), kernel, groups=b * 3).reshape(b, 3, h, w)
    seams = F.interpolate(torch.randn(b, 3, h // 8, w // 8) * 0.02 * torch.rand(b, 1, 1, 1), scale_factor=8, mode="nearest")
    # Most pictures are nearly clean; the rest carry grain, half of it in 2 px blocks as the core's refiner leaves it.
    level = torch.where(torch.rand(b, 1, 1, 1) < 0.6, 0.03, 0.2) * torch.rand(b, 1, 1, 1)
    blocks = F.interpolate(torch.randn(b, 3, h // 2, w // 2), scale_factor=2, mode="nearest")
    return low + seams + level * torch.where(torch.rand(b, 1, 1, 1) < 0.5, torch.randn_like(low), blocks)


def loss_of(out: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    d = out - high
    edges = (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
    return (d * d + 1e-6).sqrt().mean() + 0.5 * edges


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(10 * torch.log10(4 / (a.clamp(-1, 1) - b).pow(2).mean((1, 2, 3))).mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/work/train/upscaler")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", choices=SIZES, default="cpu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--core", default=None)
    parser.add_argument("--from-pack", default=None)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    net = Upscaler(a.size)
    if a.from_pack:
        load_graph(net, Path(a.from_pack) / "upscaler.onnx")
    net.to(a.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0)
    step = 0
    if (out / "last.pt").exists():
        saved = torch.load(out / "last.pt", weights_only=True, map_location=a.device)
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    ema = {k: v.clone() for k, v in net.state_dict().items()}
    scenes, captions = bank(a.scenes, a.seed + step)
    held = bank(40, 777)[0].float() / 127.5 - 1
    views = None if a.core is None else core_views(a.core, scenes, captions)
    start, first = time.time(), step
    print(f"{sum(p.numel() for p in net.parameters()) / 1e6:.2f} M, bank ready", flush=True)
    while (progress := (time.time() - start) / (a.minutes * 60)) < 1:
        rows = torch.randint(len(scenes), (12,))
        y, x = torch.randint(0, 20, (2,)).tolist()
        high = scenes[rows, :, y * 8:y * 8 + 96, x * 8:x * 8 + 96].float() / 127.5 - 1
        low = degrade(shrink(high))
        if views is not None and step % 2:
            low = views[rows, :, y * 2:y * 2 + 24, x * 2:x * 2 + 24].float()
        with torch.autocast(a.device, torch.bfloat16):
            result = net(low.to(a.device))
        loss = loss_of(result.float(), high.to(a.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step - first + 1) / 50) * min(1, 2 * (1 - progress) + 0.02)
        optimizer.step()
        step += 1
        with torch.no_grad():
            for k, v in net.state_dict().items():
                ema[k].lerp_(v, 1 - min(0.995, (1 + step) / (10 + step)))
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f} {(time.time() - start) / 60:.1f} min", flush=True)
    best = Upscaler(a.size)
    best.load_state_dict(ema)
    with torch.no_grad():
        low = shrink(held)
        model, cubic = best(low), F.interpolate(low, scale_factor=4, mode="bicubic", align_corners=False)
        result = {"step": step, "psnr": round(psnr(model, held), 2), "psnrBicubic": round(psnr(cubic, held), 2)}
        torch.manual_seed(3)
        rough = degrade(low)
        result["psnrDegraded"] = round(psnr(best(rough), held), 2)
        result["psnrBicubicDegraded"] = round(psnr(F.interpolate(rough, scale_factor=4, mode="bicubic", align_corners=False), held), 2)
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, out / "last.pt")
    torch.save({"ema": best.state_dict(), "size": a.size, "step": step, "metrics": result}, out / "ema.pt")
    (out / "metrics.json").write_text(json.dumps(result, indent=2) + "\n")
    print(result)


if __name__ == "__main__":
    main()
