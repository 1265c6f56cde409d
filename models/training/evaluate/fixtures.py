"""Writes what `npm run evaluate` needs of the composer, so that it runs without Python: python models/training/evaluate/fixtures.py

models/fixtures/house/evaluation gets prompts.json (1,000 prompts with what each of them asks for), scenes.webp (the composer's own
pictures of the first 520: the ceiling of every reading, 64 px, 40 a row), controls.png (per scene a column: picture, edge,
depth, segmentation, scribble), large.webp (256 px scenes without loss, for repainting and enlarging) and drawings.webp (each concept in
each style on white, for finding copies).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "data"), str(HERE.parent / "parser")]
import captions
from backgrounds import PLAIN, VARIANTS
from composer import Composer
from detail import DetailComposer
from samples import RELATIONS
from world import BACKGROUNDS, COLORS, OUTDOOR, STYLES, TIMES, WEATHERS, held_out

OUT = HERE.parents[1] / "fixtures" / "house" / "evaluation"
ROW, SIZE, LARGE, SCENES = 40, 64, 256, 520
# How many prompts of each kind; "unseen" ones have a colour or relation that no training scene had.
KINDS = {"object": 160, "colour": 200, "colour, unseen": 100, "count": 160, "relation": 180, "relation, unseen": 60, "two colours": 90, "light and weather": 50}
STYLE_SHARE = 0.3


class Prompts:
    def __init__(self, seed: int) -> None:
        self.composer, self.rng = Composer(seed), np.random.default_rng(seed)
        self.large_composer = DetailComposer(seed)
        self.active = [c for c in self.composer.concepts if c.weight > 0]

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def color_of(self, concept, unseen: bool) -> str | None:
        names = [c for c in COLORS if c not in concept.natural and held_out(concept.name, c) == unseen]
        return self.pick(names) if names else None

    def thing(self, color: str | None = None, concept=None) -> dict:
        concept = concept or self.pick(self.active)
        return {"concept": concept.index, "color": color, "color_word": color, "size_word": None, "count": 1}

    def colored(self, unseen: bool = False) -> dict:
        while True:
            concept = self.pick(self.active)
            if (color := self.color_of(concept, unseen)) is not None:
                return self.thing(color, concept)

    def scene(self, kind: str) -> dict:
        rng = self.rng
        background = "plain" if rng.random() < 0.25 else self.pick(BACKGROUNDS[1:])
        if kind == "light and weather":
            background = self.pick(sorted(OUTDOOR - {"sky"}))
        outdoor = background in OUTDOOR
        spec = {"background": background, "outdoor": outdoor, "time": "day", "weather": "clear", "plain_color": self.pick(list(PLAIN)), "variant": int(rng.integers(VARIANTS)),
                "style": self.pick(STYLES) if rng.random() < STYLE_SHARE else "3d", "weather_seed": int(rng.integers(1 << 30)), "relation": None, "layout": "one", "objects": []}
        if kind == "light and weather":
            spec["time"] = self.pick(TIMES[1:])
            if rng.random() < 0.5:
                spec["weather"] = self.pick(WEATHERS[1:])
            spec["objects"] = [self.thing()]
        elif kind == "object":
            spec["objects"] = [self.thing()]
        elif kind.startswith("colour"):
            spec["objects"] = [self.colored(kind.endswith("unseen"))]
        elif kind == "count":
            spec["objects"], spec["layout"] = [self.colored() if rng.random() < 0.3 else self.thing()], "count"
            spec["objects"][0]["count"] = int(rng.integers(2, 4))
        else:
            spec["layout"] = "pair"
            while True:
                a, b = (self.colored(), self.colored()) if kind == "two colours" else (self.thing(), self.thing())
                relation = self.pick(RELATIONS)
                names = [self.composer.concepts[o["concept"]].name for o in (a, b)]
                if names[0] != names[1] and held_out(names[0], relation, names[1]) == kind.endswith("unseen") and (a["color"] is None or a["color"] != b["color"]):
                    break
            spec["objects"], spec["relation"] = [a, b], relation
        self.composer.place(spec, rng)
        return spec

    def prompt(self, spec: dict) -> tuple[str, dict]:
        text = captions.caption(self.rng, self.composer.concepts, spec, rich=False)
        style = next((s for s, words in captions.STYLE_SUFFIXES.items() if any(w in text for w in words + captions.STYLE_PREFIXES[s])), None)
        plain = spec["background"] == "plain"
        named = not plain or "background" in text
        asked = {
            "objects": [{"concept": self.composer.concepts[o["concept"]].name, "color": o["color"], "count": o["count"]} for o in spec["objects"]],
            "relation": spec["relation"], "background": spec["background"] if named else None, "plainColor": spec["plain_color"] if plain and named else None,
            "time": spec["time"] if spec["time"] != "day" else None, "weather": spec["weather"] if spec["weather"] != "clear" else None, "style": style}
        return text, asked


def grid(pictures: list[np.ndarray], columns: int) -> Image.Image:
    size = pictures[0].shape[0]
    sheet = Image.new("RGB", (columns * size, -(-len(pictures) // columns) * size))
    for k, picture in enumerate(pictures):
        sheet.paste(Image.fromarray(picture), (k % columns * size, k // columns * size))
    return sheet


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    p = Prompts(20261123)
    rows, scenes = [], []
    order = [kind for kind, count in KINDS.items() for _ in range(count)]
    # Mixed once, so that the first N prompts are a fair sample of all kinds.
    for kind in [order[i] for i in p.rng.permutation(len(order))]:
        while True:
            spec = p.scene(kind)
            text, asked = p.prompt(spec)
            if len(text.split()) <= 24 and all(text != row["prompt"] for row in rows):
                break
        rows.append({"prompt": text, "kind": kind, **asked})
        scenes.append(p.composer.render(spec, SIZE)["image"])
    lines = ",\n".join(json.dumps(row) for row in rows)
    (OUT / "prompts.json").write_text(f"[\n{lines}\n]\n")
    # Without loss: the Fréchet distance sees the traces of compression before anything else (4 without, 31 at quality 88).
    grid(scenes[:SCENES], ROW).save(OUT / "scenes.webp", lossless=True, method=6)

    columns, controls = [], []
    while len(columns) < 24:
        spec = p.scene("object")
        spec.update(background="plain", outdoor=False, style="3d", plain_color=p.pick(["white", "blue", "green", "pink", "gray"]))
        spec["objects"][0]["size_word"] = p.pick(["small", None, None])
        p.composer.place(spec, p.rng)
        spec["boxes"] = [(n, min(1 - w - 0.02, max(0.02, x + p.rng.uniform(-0.14, 0.14))), y, w, h) for n, x, y, w, h in spec["boxes"]]
        drawn = p.composer.render(spec, SIZE)
        # A thing of the background's own colour has no outline to read.
        ground = np.abs(drawn["image"].astype(int) - drawn["image"][:3].mean((0, 1))).max(-1) > 28
        thing = drawn["owner"] >= 0
        if (ground & thing).sum() < 0.9 * (ground | thing).sum():
            continue
        maps = [p.composer.edges(drawn), p.composer.depth(spec, drawn), p.composer.segmentation(drawn), p.composer.scribble(drawn, p.rng)]
        columns.append(np.concatenate([drawn["image"], *[m if m.ndim == 3 else np.repeat(m[..., None], 3, 2) for m in maps]]))
        controls.append({"prompt": f"{captions.article(p.composer.concepts[spec['objects'][0]['concept']].name)} on a plain {spec['plain_color']} background"})
    Image.fromarray(np.concatenate(columns, 1)).save(OUT / "controls.png", optimize=True)

    large, asked = [], []
    while len(large) < 16:
        spec = p.scene("colour" if len(large) % 2 else "object")
        if spec["background"] == "plain":
            continue
        text, wanted = p.prompt(spec)
        _, x, y, w, h = spec["boxes"][0]
        pad = 0.06
        box = [max(0, x - pad), max(0, y - pad), min(1, x + w + pad), min(1, y + h + pad)]
        large.append(p.large_composer.render(spec, LARGE)["image"])
        asked.append({"prompt": text, "kind": "repaint", **wanted, "box": [round(v * LARGE) for v in box]})
    grid(large, 4).save(OUT / "large.webp", lossless=True, method=6)

    drawings = []
    names = []
    for concept in p.active:
        for style in STYLES:
            spec = p.scene("object")
            spec.update(background="plain", plain_color="white", style=style, outdoor=False, objects=[p.thing(None, concept)])
            w, h = (0.62 * v for v in p.composer.sprites.aspect[concept.index, style])
            spec["boxes"] = [(0, 0.5 - w / 2, 0.5 - h / 2, w, h)]
            drawings.append(p.composer.render(spec, SIZE)["image"])
            names.append(concept.name)
    grid(drawings, 3 * 6).save(OUT / "drawings.webp", quality=88, method=6)
    (OUT / "pictures.json").write_text(json.dumps({"controls": controls, "repaint": asked, "drawings": names}, indent=1) + "\n")
    print({f.name: f.stat().st_size for f in OUT.iterdir()})


if __name__ == "__main__":
    main()
