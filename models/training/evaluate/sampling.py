"""Compares sampling settings of a core checkpoint by what the scene parser finds: python models/training/evaluate/sampling.py SETTING …

A setting is steps,guidance,shift and optionally ,start,end (the part of the evaluations that is guided), ,rescale, ,clip (1 keeps x0
in -1..1; Saharia et al. 2022, section 2.3), ,noise (share of each step's noise that is drawn anew) and ,jumps (1 asks the flow map), for
example 8,3,3 or 8,4,3,0,0.9 or 8,5,3,0,1,0.5. One line of shares a setting; the first N prompts of the evaluation, the same noise for all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "core"), str(HERE.parent / "parser"), str(HERE.parent / "export")]
from core_nets import load_core
from graphs import session
from sample import sample

PROMPTS = HERE.parents[1] / "fixtures" / "house" / "evaluation" / "prompts.json"
PACK = HERE.parents[1] / "packs" / "house-image"
BATCH = 50


class Judge:
    """The same questions as models/evaluation/composition.ts, of batches of arrays."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "scene-parser.json").read_text())
        self.words = self.manifest["vocabulary"]
        self.session = session(folder / self.manifest["file"])

    def read(self, pictures: np.ndarray) -> list[dict]:
        c, k = len(self.words["concepts"]), len(self.words["colors"])
        rows = []
        for start in range(0, len(pictures), 25):
            objects, scene, features = self.session.run(["objects", "scene", "features"], {"sample": pictures[start:start + 25].clip(-1, 1)})
            for o, s, f in zip(objects, scene, features):
                heat = 1 / (1 + np.exp(-o[0]))
                padded = np.pad(heat, 1)
                peak = heat >= np.max([padded[y:y + 8, x:x + 8] for y in range(3) for x in range(3)], 0)
                things = [{"shares": o[1:1 + c, y, x], "concept": self.words["concepts"][o[1:1 + c, y, x].argmax()], "color": self.words["colors"][o[1 + c:1 + c + k, y, x].argmax()],
                           "x": (x + o[1 + c + k, y, x]) / 8, "y": (y + o[2 + c + k, y, x]) / 8, "style": self.words["styles"][o[5 + c + k:, y, x].argmax()], "score": heat[y, x]}
                          for y, x in zip(*np.nonzero(peak & (heat >= self.manifest["threshold"])))]
                parts, at = {}, 0
                for name in ("backgrounds", "plainColors", "times", "weathers"):
                    parts[name] = self.words[name][s[at:at + len(self.words[name])].argmax()]
                    at += len(self.words[name])
                rows.append({"things": sorted(things, key=lambda t: -t["score"]), **parts, "features": f})
        return rows

    def verdict(self, asked: dict, read: dict) -> dict:
        index = [self.words["concepts"].index(o["concept"]) for o in asked["objects"]]
        share = lambda t, i: t["shares"][index[i]] - np.logaddexp.reduce(t["shares"])
        things = read["things"]
        if len(index) == 2 and len(things) > 1:
            stand = max(((a, b) for a in things for b in things if a is not b), key=lambda p: share(p[0], 0) + share(p[1], 1))
        else:
            stand = [max(things, key=lambda t: share(t, 0)) if things and i == 0 else None for i in range(len(index))]
        named = [t is not None and t["concept"] == o["concept"] for t, o in zip(stand, asked["objects"])]
        painted = [t is not None and (o["color"] in (None, t["color"]) or (t["color"] == "natural" and o["color"] in self.manifest["naturalColors"][o["concept"]]))
                   for t, o in zip(stand, asked["objects"])]
        out = {"object" if len(index) == 1 else "two objects": all(named)}
        if any(o["color"] for o in asked["objects"]):
            out["object and its colour"] = all(n and p for n, p, o in zip(named, painted, asked["objects"]) if o["color"])
        total = sum(o["count"] for o in asked["objects"])
        if total > 1 and len(index) == 1:
            out["object and number"] = len(things) == total and all(t["concept"] == asked["objects"][0]["concept"] for t in things)
        if asked["relation"]:
            out["objects and relation"] = all(named) and placed(stand, asked["relation"])
        if asked["background"]:
            out["background"] = read["backgrounds"] == asked["background"] and asked["plainColor"] in (None, read["plainColors"])
        for key, name in (("time", "times"), ("weather", "weathers")):
            if asked[key]:
                out[key] = read[name] == asked[key]
        if asked["style"]:
            out["style"] = bool(things) and things[0]["style"] == asked["style"]
        out["everything asked"] = len(things) == total and all(out.values())
        return out


def placed(stand, relation: str) -> bool:
    right, down = stand[1]["x"] - stand[0]["x"], stand[1]["y"] - stand[0]["y"]
    sideways = abs(right) > abs(down)
    return {"left of": sideways and right > 0.1, "right of": sideways and right < -0.1, "next to": sideways and abs(right) > 0.1,
            "above": not sideways and down > 0.1, "on top of": not sideways and down > 0.1, "below": not sideways and down < -0.1}[relation]


def frechet(features: np.ndarray, manifest: dict) -> float:
    """Squared Fréchet distance to the reference of composed pictures (Dowson and Landau 1982)."""
    import base64
    from scipy.linalg import sqrtm
    decode = lambda name: np.frombuffer(base64.b64decode(manifest["reference"][name]), np.float32).astype(np.float64)
    mean, covariance = decode("mean"), decode("covariance").reshape(len(features[0]), -1)
    own = np.cov(features.T)
    root = sqrtm(own @ covariance)
    return float(((features.mean(0) - mean) ** 2).sum() + np.trace(own + covariance - 2 * root.real))


def pictures_of(nets, hidden: torch.Tensor, empty: torch.Tensor, setting: list[float]) -> np.ndarray:
    steps, guidance, shift, start, end, rescale, clip, fresh, jumps = int(setting[0]), *setting[1:]
    parts = []
    for first in range(0, len(hidden), BATCH):
        text = hidden[first:first + BATCH]
        x = torch.cat([torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1000 + first + k)) for k in range(len(text))])
        made = sample(nets, text, empty, x, steps=steps, guidance=guidance, shift=shift, guided=(start, end), rescale=rescale, clip=bool(clip), fresh=fresh, jumps=bool(jumps),
                      draw=lambda i: torch.randn(x.shape, generator=torch.Generator().manual_seed(i)))
        parts.append(made.numpy())
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", nargs="+")
    parser.add_argument("--core", default="/work/train/core/ema.pt")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--parser", default=str(PACK))
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    nets, encode = load_core(a.core)
    judge = Judge(Path(a.parser))
    asked = json.loads(PROMPTS.read_text())[:a.prompts]
    with torch.no_grad():
        hidden, empty = nets["text"](encode([row["prompt"] for row in asked])), nets["text"](encode([""]))
    for text in a.settings:
        setting = [float(v) for v in text.split(",")]
        setting += [8, 3, 3, 0, 1, 0, 0, 0, 0][len(setting):]
        begin = time.time()
        pictures = pictures_of(nets, hidden, empty, setting)
        read = judge.read(pictures)
        sums: dict[str, list[bool]] = {}
        for row, r in zip(asked, read):
            for name, right in judge.verdict(row, r).items():
                sums.setdefault(name, []).append(right)
        line = {name: round(float(np.mean(v)), 3) for name, v in sorted(sums.items())}
        print(json.dumps({"setting": text, **line, "frechet": round(frechet(np.stack([r["features"] for r in read]), judge.manifest), 2), "seconds": round(time.time() - begin)}), flush=True)


if __name__ == "__main__":
    main()
