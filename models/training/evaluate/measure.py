"""Measures the exported pack and writes metrics.json: python models/training/evaluate/measure.py --parser DIR/parser.pt

Composition: composed descriptions are captioned, sampled, and read back by the scene parser. The same readings on the
composer's own pictures give the ceiling. Adherence: control pictures of composed scenes, compared with the samples.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data"), str(HERE.parent / "export")]
from parser import CONCEPTS, Parser
from sampler import Pack
from composer import Composer
from world import BACKGROUNDS, COLORS, held_out

PACK = HERE.parents[1] / "packs" / "house-image"


def to_unit(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32).transpose(2, 0, 1) / 127.5 - 1


class Score:
    def __init__(self) -> None:
        self.hits: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self.hits.setdefault(name, []).append(float(value))

    def result(self) -> dict:
        return {k: {"mean": round(float(np.mean(v)), 3), "n": len(v)} for k, v in sorted(self.hits.items())}


def read(net: Parser, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        label, color = net(torch.from_numpy(pictures).clamp(-1, 1).float())
    return label.argmax(1).numpy(), color.argmax(1).numpy()


def centre(mask: np.ndarray) -> tuple[float, float]:
    yy, xx = np.nonzero(mask)
    return float(yy.mean()), float(xx.mean())


def judge(score: Score, composer: Composer, spec: dict, label: np.ndarray, color: np.ndarray) -> None:
    found = []
    for obj in spec["objects"]:
        mask = label == obj["concept"]
        found.append(mask)
        score.add("object", mask.sum() >= 2)
        if obj["color"] is not None:
            right = mask.sum() >= 2 and np.bincount(color[mask], minlength=len(COLORS)).argmax() == list(COLORS).index(obj["color"])
            name = composer.concepts[obj["concept"]].name
            score.add("colour (held-out pairs)" if held_out(name, obj["color"]) else "colour", right)
            thing = label < CONCEPTS
            score.add("colour of any object patch", thing.any() and (color[thing] == list(COLORS).index(obj["color"])).mean() > 0.25)
    rest = label[label >= CONCEPTS]
    score.add("background", rest.size > 0 and np.bincount(rest - CONCEPTS, minlength=len(BACKGROUNDS)).argmax() == BACKGROUNDS.index(spec["background"]))
    relation = spec["relation"]
    if relation in ("left of", "right of", "above", "below", "on top of"):
        ok = False
        if found[0].any() and found[1].any():
            (ay, ax), (by, bx) = centre(found[0]), centre(found[1])
            ok = {"left of": ax < bx, "right of": ax > bx, "above": ay < by, "on top of": ay < by, "below": ay > by}[relation]
        score.add("relation (both found and in place)", ok)


def edge_map(image: np.ndarray) -> np.ndarray:
    d = image.astype(np.float32)
    out = np.zeros(d.shape[:2], bool)
    out[:, 1:] |= np.abs(d[:, 1:] - d[:, :-1]).max(-1) > 40
    out[1:] |= np.abs(d[1:] - d[:-1]).max(-1) > 40
    return out


def grow(mask: np.ndarray, reach: int = 1) -> np.ndarray:
    out = mask.copy()
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            out |= np.roll(mask, (dy, dx), (0, 1))
    return out


def f1(got: np.ndarray, asked: np.ndarray) -> float:
    precision = (got & grow(asked)).sum() / max(1, got.sum())
    recall = (asked & grow(got)).sum() / max(1, asked.sum())
    return 2 * precision * recall / max(1e-6, precision + recall)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parser", default="/work/train/parser/parser.pt")
    parser.add_argument("--count", type=int, default=192)
    parser.add_argument("--control", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--out", default=str(PACK / "metrics.json"))
    a = parser.parse_args()
    torch.set_num_threads(2)
    net = Parser()
    net.load_state_dict(torch.load(a.parser, weights_only=True)["net"])
    net.eval()
    composer, pack = Composer(31337), Pack(PACK)
    # A quarter of the scenes carries a colour pair that training never showed.
    specs, rng = [], np.random.default_rng(5)
    unseen = [(c.index, k) for c in composer.concepts if c.weight > 0 for k in COLORS if held_out(c.name, k) and k not in c.natural]
    while len(specs) < a.count:
        spec = composer.describe()
        if not spec["objects"]:
            continue
        if len(specs) % 4 == 0:
            concept, color = unseen[int(rng.integers(len(unseen)))]
            spec = composer.describe(np.random.default_rng(1000 + len(specs)))
            while spec["layout"] != "one":
                spec = composer.describe()
            spec["objects"][0].update(concept=concept, color=color, color_word=color, size_word=None)
            composer.place(spec, rng)
        specs.append(spec)
    real, made = Score(), Score()
    for start in range(0, len(specs), 16):
        part = specs[start:start + 16]
        captions = [composer.caption(s, rich=False) for s in part]
        x = pack.sample(captions, [start + k for k in range(len(part))], a.steps)
        truth = np.stack([to_unit(composer.render(s, 64)["image"]) for s in part])
        for score, pictures in ((made, x), (real, truth)):
            labels, colors = read(net, pictures)
            for spec, label, color in zip(part, labels, colors):
                judge(score, composer, spec, label, color)
    result = {"steps": a.steps, "guidanceScale": 3, "composition": made.result(), "compositionOnRealScenes": real.result(), "control": {}}
    control = Score()
    for task, name in ((2, "edge"), (3, "depth"), (4, "segmentation"), (5, "scribble")):
        scenes = []
        while len(scenes) < a.control:
            spec = composer.describe()
            if spec["objects"] and spec["weather"] == "clear":
                scenes.append((spec, composer.render(spec, 64)))
        for start in range(0, len(scenes), 16):
            part = scenes[start:start + 16]
            maps = []
            for spec, drawn in part:
                m = {"edge": lambda: composer.edges(drawn), "depth": lambda: composer.depth(spec, drawn),
                     "segmentation": lambda: composer.segmentation(drawn), "scribble": lambda: composer.scribble(drawn)}[name]()
                maps.append(to_unit(m if m.ndim == 3 else np.repeat(m[..., None], 3, 2)))
            captions = [composer.caption(s, rich=False) for s, _ in part]
            x = pack.sample(captions, [500 + start + k for k in range(len(part))], a.steps, task=task, condition=np.stack(maps))
            free = pack.sample(captions, [500 + start + k for k in range(len(part))], a.steps)
            for which, pictures in (("with control", x), ("same prompt without", free)):
                labels, _ = read(net, pictures)
                for (spec, drawn), picture, label in zip(part, pictures, labels):
                    image = np.clip((picture.transpose(1, 2, 0) + 1) * 127.5, 0, 255)
                    if name == "edge":
                        control.add(f"edge F1 (1 px), {which}", f1(edge_map(image), edge_map(drawn["image"])))
                    asked = composer.patch_labels(spec, drawn).reshape(8, 8) < CONCEPTS
                    got = label < CONCEPTS
                    control.add(f"{name}: object area IoU (8 px patches), {which}", (asked & got).sum() / max(1, (asked | got).sum()))
    result["control"] = control.result()
    repaint = Score()
    scenes = []
    while len(scenes) < a.control:
        spec = composer.describe()
        if spec["layout"] == "one":
            scenes.append((spec, composer.render(spec, 64)))
    for start in range(0, len(scenes), 16):
        part = scenes[start:start + 16]
        masks = np.zeros((len(part), 1, 64, 64), np.float32)
        for k, (spec, _) in enumerate(part):
            _, left, top, w, h = spec["boxes"][0]
            masks[k, 0, int(max(0, top) * 64):int(np.ceil((top + h) * 64)), int(max(0, left) * 64):int(np.ceil((left + w) * 64))] = 1
        source = np.stack([to_unit(d["image"]) for _, d in part])
        captions = [composer.caption(s, rich=False) for s, _ in part]
        x = pack.sample(captions, [900 + start + k for k in range(len(part))], a.steps, task=1, condition=source * (1 - masks), mask=masks)
        repaint.add("known pixels: largest difference", np.abs((x - source) * (1 - masks)).max())
        border = (np.abs(np.diff(masks[:, 0], axis=2)) > 0)
        jump = np.abs(np.diff(x, axis=3)).mean(1)[border].mean() / max(1e-6, np.abs(np.diff(source, axis=3)).mean(1)[border].mean())
        repaint.add("seam step against the true picture's (1 = equal)", jump)
        labels, _ = read(net, x)
        for (spec, _), label in zip(part, labels):
            repaint.add("asked object found in the mask", (label == spec["objects"][0]["concept"]).sum() >= 2)
    result["inpaint"] = repaint.result()
    Path(a.out).write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
