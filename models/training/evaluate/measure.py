"""Measures the exported pack and writes metrics.json: python models/training/evaluate/measure.py

Nothing learned judges the samples. Objects, colours and places are read by the nearest of the composer's own drawings
(templates), relations by where the asked colours lie, control by edges and object area. Each
reading is also taken on the composer's own pictures of the same prompts: that is the ceiling of the reading itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data"), str(HERE.parent / "export")]
from backgrounds import VARIANTS, draw_background
from captions import article
from composer import Composer
from sampler import Pack
from world import BACKGROUNDS, COLORS, STYLES, held_out

PACK = HERE.parents[1] / "packs" / "house-image"
STEPS = 8


class Middle:
    """A random generator without chance: every object sits in the middle of its range."""

    def uniform(self, low, high):
        return (low + high) / 2

    def random(self):
        return 0.5


def spec_of(style: str, objects: list[dict], layout: str, relation: str | None = None, background: str = "plain") -> dict:
    return {"background": background, "outdoor": False, "time": "day", "weather": "clear", "plain_color": "white", "variant": 0, "style": style,
            "weather_seed": 0, "relation": relation, "layout": layout, "objects": objects}


def thing(concept: int, color: str | None = None, count: int = 1) -> dict:
    return {"concept": concept, "color": color, "color_word": color, "size_word": None, "count": count}


class Bench:
    def __init__(self) -> None:
        self.composer, self.pack = Composer(31337), Pack(PACK)
        self.rng = np.random.default_rng(9)
        self.concepts = [c for c in self.composer.concepts if c.weight > 0]
        self.made: dict[str, list[float]] = {}
        self.real: dict[str, list[float]] = {}

    def draw(self, spec: dict, rng=None) -> dict:
        self.composer.place(spec, rng or self.rng)
        return self.composer.render(spec, 64)

    def sample(self, prompts: list[str], first_seed: int, **more) -> np.ndarray:
        """uint8-scaled float pictures [N,64,64,3] in 0..255."""
        parts = []
        for start in range(0, len(prompts), 16):
            part = {k: (v[start:start + 16] if isinstance(v, np.ndarray) else v) for k, v in more.items()}
            rows = prompts[start:start + 16]
            parts.append(self.pack.sample(rows, [first_seed + start + k for k in range(len(rows))], STEPS, **part))
        x = np.concatenate(parts)
        return np.clip((x.transpose(0, 2, 3, 1) + 1) * 127.5, 0, 255)

    def note(self, name: str, made: float, real: float | None = None) -> None:
        self.made.setdefault(name, []).append(float(made))
        if real is not None:
            self.real.setdefault(name, []).append(float(real))

    # -- readings ---------------------------------------------------------------------------------------------------
    def objects(self, seeds: int) -> None:
        """Which of the concepts' drawings (any style, shifted by up to 2 px at 32 px) lies nearest to the picture."""
        templates = []
        for c in self.concepts:
            for style in STYLES:
                image = self.draw(spec_of(style, [thing(c.index)], "one"), Middle())["image"]
                templates.append(half(image))
        shifted = np.stack([[np.roll(t, (dy, dx), (0, 1)) for dy in (-2, -1, 0, 1, 2) for dx in (-2, -1, 0, 1, 2)] for t in templates])
        shifted = shifted.reshape(len(templates), 25, -1).astype(np.float32)

        def rank(picture: np.ndarray, right: int) -> int:
            error = ((shifted - half(picture).reshape(-1).astype(np.float32)) ** 2).mean(-1).min(1).reshape(len(self.concepts), len(STYLES)).min(1)
            return int((error < error[right]).sum())

        for seed in range(seeds):
            prompts = [f"{article(c.name)} on a plain white background" for c in self.concepts]
            pictures = self.sample(prompts, 100 * seed)
            for k, c in enumerate(self.concepts):
                truth = self.draw(spec_of("3d", [thing(c.index)], "one"))["image"]
                a, b = rank(pictures[k], k), rank(truth, k)
                self.note("object, nearest of all drawings", a == 0, b == 0)
                self.note("object among the five nearest", a < 5, b < 5)

    def colors(self, count: int) -> None:
        pairs = [(c, k) for c in self.concepts for k in COLORS if k not in c.natural]
        unseen = [p for p in pairs if held_out(p[0].name, p[1])]
        seen = [p for p in pairs if not held_out(p[0].name, p[1])]
        chosen = [seen[i] for i in self.rng.choice(len(seen), count, replace=False)] + unseen
        pictures = self.sample([f"{article(k)} {c.name} on a plain white background" for c, k in chosen], 700)
        for (c, k), picture in zip(chosen, pictures):
            means = []
            for color in COLORS:
                drawn = self.draw(spec_of("3d", [thing(c.index, color)], "one"), Middle())
                mask = ndimage.binary_erosion(drawn["owner"] == 0, iterations=2)
                means.append(drawn["image"][mask].mean(0))
            truth = self.draw(spec_of("3d", [thing(c.index, k)], "one"))["image"]
            read = lambda image: list(COLORS)[int(((np.array(means) - image[mask].mean(0)) ** 2).sum(1).argmin())] == k
            self.note("colour, pairs never trained" if held_out(c.name, k) else "colour", read(picture), read(truth))

    def places(self) -> None:
        names = [b for b in BACKGROUNDS if b != "plain"]
        phrases = {"meadow": "in a meadow", "forest": "in a forest", "beach": "on a beach", "desert": "in the desert", "snow": "in the snow", "mountains": "in the mountains",
                   "city": "in a city", "table": "on a table", "room": "in a room", "underwater": "underwater", "space": "in space", "lake": "on a lake", "sky": "in the sky"}
        edge = np.ones((16, 16), bool)
        edge[5:15, 4:12] = False
        blocks = lambda image: image.reshape(16, 4, 16, 4, 3).mean((1, 3))[edge]
        templates = np.array([[blocks(draw_background(n, v, "day", "", 64)[0].astype(np.float32)) for v in range(VARIANTS)] for n in names])
        chosen = [(n, self.concepts[int(self.rng.integers(len(self.concepts)))]) for n in names for _ in range(3)]
        pictures = self.sample([f"{article(c.name)} {phrases[n]}" for n, c in chosen], 1500)
        for (n, c), picture in zip(chosen, pictures):
            spec = spec_of("3d", [thing(c.index)], "one", None, n)
            spec["variant"] = int(self.rng.integers(VARIANTS))
            read = lambda image: names[int(((templates - blocks(image.astype(np.float32))) ** 2).mean((2, 3)).min(1).argmin())] == n
            self.note("place", read(picture), read(self.draw(spec)["image"]))

    def relations(self, count: int) -> None:
        words = {"left of": "to the left of", "right of": "to the right of", "above": "above", "below": "below", "on top of": "on top of"}
        rows = []
        for k in range(count):
            relation = list(words)[k % 5]
            a, b = [self.concepts[int(i)] for i in self.rng.choice(len(self.concepts), 2, replace=False)]
            first, second = ("red", "blue") if k % 2 else ("blue", "red")
            rows.append((relation, a, b, first, second))
        pictures = self.sample([f"{article(f)} {a.name} {words[r]} {article(s)} {b.name} on a plain white background" for r, a, b, f, s in rows], 3000)
        for (r, a, b, f, s), picture in zip(rows, pictures):
            truth = self.draw(spec_of("3d", [thing(a.index, f), thing(b.index, s)], "pair", r))["image"]
            self.note("relation of a red and a blue thing" if r in ("left of", "right of") else "relation above, below, on top of", placed(picture, r, f), placed(truth, r, f))

    def control(self, count: int) -> None:
        for task, name in ((2, "edge"), (3, "depth"), (4, "segmentation"), (5, "scribble")):
            specs = [spec_of("3d", [thing(self.concepts[int(i)].index)], "one") for i in self.rng.choice(len(self.concepts), count, replace=False)]
            drawn = []
            for spec in specs:
                spec["objects"][0]["size_word"] = "small" if self.rng.random() < 0.3 else None
                d = self.draw(spec)
                shift = (0, int(self.rng.integers(-10, 11)))
                drawn.append({**d, "image": np.roll(d["image"], shift, (0, 1)), "owner": np.roll(d["owner"], shift, (0, 1))})
            maps = []
            for spec, d in zip(specs, drawn):
                m = {"edge": lambda: self.composer.edges(d), "depth": lambda: self.composer.depth(spec, d),
                     "segmentation": lambda: self.composer.segmentation(d), "scribble": lambda: self.composer.scribble(d)}[name]()
                maps.append((m if m.ndim == 3 else np.repeat(m[..., None], 3, 2)).astype(np.float32).transpose(2, 0, 1) / 127.5 - 1)
            prompts = [f"{article(self.concepts_name(s))} on a plain white background" for s in specs]
            for which, pictures in (("with control", self.sample(prompts, 4000, task=task, condition=np.stack(maps))), ("same prompt without", self.sample(prompts, 4000))):
                for d, picture in zip(drawn, pictures):
                    asked, got = d["owner"] >= 0, solid(picture)
                    self.note(f"{name}: object area IoU, {which}", (asked & got).sum() / max(1, (asked | got).sum()))
                    if name == "edge":
                        self.note(f"edge F1 (2 px), {which}", f1(steps(picture), steps(d["image"])))

    def concepts_name(self, spec: dict) -> str:
        return self.composer.concepts[spec["objects"][0]["concept"]].name

    def repaint(self, count: int) -> None:
        sources, masks, prompts = [], [], []
        while len(sources) < count:
            spec = self.composer.describe(self.rng)
            if spec["layout"] != "one":
                continue
            image = self.composer.render(spec, 64)["image"].astype(np.float32).transpose(2, 0, 1) / 127.5 - 1
            mask = np.zeros((1, 64, 64), np.float32)
            mask[0, 18:46, 18:46] = 1
            sources.append(image)
            masks.append(mask)
            prompts.append(self.composer.caption(spec, self.rng, rich=False))
        source, mask = np.stack(sources), np.stack(masks)
        made = self.sample(prompts, 5000, task=1, condition=source * (1 - mask), mask=mask)
        true = (source.transpose(0, 2, 3, 1) + 1) * 127.5
        for m, t in zip(made, true):
            known = np.ones((64, 64), bool)
            known[18:46, 18:46] = False
            self.note("repaint: largest change of a known pixel (of 255)", np.abs(m - t)[known].max())
            seam = lambda p: np.abs(p[18:46, 18] - p[18:46, 17]).mean() + np.abs(p[18:46, 46] - p[18:46, 45]).mean()
            self.note("repaint: step across the seam, of 255 (composed picture in the right column)", seam(m), seam(t))
            hole = ~known
            self.note("repaint: PSNR inside the hole, dB", 10 * np.log10(255**2 / max(1e-3, ((m - t)[hole] ** 2).mean())))
            self.note("repaint: PSNR of a flat fill with the border's mean, dB", 10 * np.log10(255**2 / ((t[hole] - t[17:47, 17:47][ring()].mean(0)) ** 2).mean()))


def ring() -> np.ndarray:
    out = np.ones((30, 30), bool)
    out[1:-1, 1:-1] = False
    return out


def half(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32).reshape(32, 2, 32, 2, 3).mean((1, 3))


def solid(image: np.ndarray) -> np.ndarray:
    """Pixels that are clearly not the white ground."""
    return np.abs(image.astype(np.float32) - image[:4].mean((0, 1))).max(-1) > 28


def placed(image: np.ndarray, relation: str, first: str) -> bool:
    image = image.astype(np.float32)
    lean = np.clip((image[..., 0] - image[..., 2]) / 255, -1, 1)
    if first == "blue":
        lean = -lean
    a, b = np.clip(lean - 0.15, 0, 1), np.clip(-lean - 0.15, 0, 1)
    if a.sum() < 8 or b.sum() < 8:
        return False
    yy, xx = np.mgrid[0:64, 0:64]
    axis, sign = {"left of": (xx, 1), "right of": (xx, -1), "above": (yy, 1), "on top of": (yy, 1), "below": (yy, -1)}[relation]
    return bool(sign * ((axis * b).sum() / b.sum() - (axis * a).sum() / a.sum()) > 6)


def steps(image: np.ndarray) -> np.ndarray:
    d = image.astype(np.float32)
    out = np.zeros(d.shape[:2], bool)
    out[:, 1:] |= np.abs(d[:, 1:] - d[:, :-1]).max(-1) > 40
    out[1:] |= np.abs(d[1:] - d[:-1]).max(-1) > 40
    return out


def f1(got: np.ndarray, asked: np.ndarray) -> float:
    near = lambda m: ndimage.binary_dilation(m, iterations=2)
    precision = (got & near(asked)).sum() / max(1, got.sum())
    recall = (asked & near(got)).sum() / max(1, asked.sum())
    return 2 * precision * recall / max(1e-6, precision + recall)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=str(PACK / "metrics.json"))
    a = parser.parse_args()
    bench = Bench()
    bench.objects(1)
    bench.colors(40)
    bench.places()
    bench.relations(40)
    bench.control(12)
    bench.repaint(16)
    readings = {k: {"made": round(float(np.mean(v)), 3), "composed": round(float(np.mean(bench.real[k])), 3) if k in bench.real else None, "n": len(v)}
                for k, v in bench.made.items()}
    Path(a.out).write_text(json.dumps({"steps": STEPS, "guidanceScale": 3, "readings": readings}, indent=2) + "\n")
    for k, v in readings.items():
        print(f"{k}: {v['made']} (composed {v['composed']}, n {v['n']})")


if __name__ == "__main__":
    main()
