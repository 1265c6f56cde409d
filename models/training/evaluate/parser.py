"""The scene parser: names the concept and the colour in each 8 px patch of a 64 px picture; only used to evaluate.

    python models/training/evaluate/parser.py --out /work/train/parser --minutes 6
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data")]
from composer import Composer
from world import BACKGROUNDS, COLORS, load_concepts

CONCEPTS = len(load_concepts())
LABELS = CONCEPTS + len(BACKGROUNDS)


class Parser(nn.Module):
    """[B,3,64,64] in -1..1 to concept logits [B,LABELS,8,8] and colour logits [B,11,8,8]."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(64, 128, 4, stride=2, padding=1), nn.ReLU(), nn.Conv2d(128, 192, 3, padding=1), nn.ReLU(),
            nn.Conv2d(192, 192, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv2d(192, 192, 3, padding=1), nn.ReLU())
        self.label, self.color = nn.Conv2d(192, LABELS, 1), nn.Conv2d(192, len(COLORS), 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.body(x)
        return self.label(x), self.color(x)


def color_labels(spec: dict, drawn: dict) -> np.ndarray:
    """int64 [64]: the asked colour of the object in each patch, -100 where there is none or it is the natural one."""
    out = np.full(64, -100, np.int64)
    for number, obj in enumerate(spec["objects"]):
        if obj["color"] is not None:
            share = (drawn["owner"] == number).reshape(8, 8, 8, 8).mean((1, 3)).reshape(-1)
            out[share > 0.4] = list(COLORS).index(obj["color"])
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/work/train/parser")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    composer, net = Composer(4242), Parser()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    start, step = time.time(), 0
    while (progress := (time.time() - start) / (a.minutes * 60)) < 1:
        images, labels, colors = [], [], []
        for _ in range(64):
            spec = composer.describe()
            drawn = composer.render(spec, 64)
            images.append(drawn["image"])
            labels.append(composer.patch_labels(spec, drawn).astype(np.int64))
            colors.append(color_labels(spec, drawn))
        x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
        # Slight blur and noise, so that the softness of generated pictures does not confuse the parser.
        if step % 2:
            x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        x = x + torch.randn_like(x) * 0.06 * torch.rand(64, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            label, color = net(x)
        target = torch.from_numpy(np.stack(labels))
        loss = F.cross_entropy(label.float().flatten(2), target) + 0.5 * F.cross_entropy(color.float().flatten(2), torch.from_numpy(np.stack(colors)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * min(1, 2 * (1 - progress) + 0.02)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            accuracy = (label.argmax(1).flatten(1) == target)[target < CONCEPTS].float().mean()
            print(f"step {step} loss {loss.item():.3f} concept patches {accuracy:.3f} {(time.time() - start) / 60:.1f} min", flush=True)
    Path(a.out).mkdir(parents=True, exist_ok=True)
    torch.save({"net": net.state_dict(), "samples": step * 64}, Path(a.out) / "parser.pt")


if __name__ == "__main__":
    main()
