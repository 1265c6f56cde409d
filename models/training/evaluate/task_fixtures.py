"""Writes the evaluation's edits and reference pictures beside the other fixtures: python models/training/evaluate/task_fixtures.py

edits.webp has 256 px scenes to edit, edited.webp the same scenes after the edit as the composer draws them (64 px, without loss),
references.webp a row of reference pictures and below it the scenes that their prompts describe. tasks.json has the words.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data"), str(HERE.parent / "parser")]
import captions
from fixtures import LARGE, OUT, SIZE, Prompts, grid
from references import References
from world import OUTDOOR, STYLES

EDITS = {"colour": 20, "thing": 14, "place": 14, "time": 12}
COLUMNS, CONCEPTS, MARGIN = 10, 24, 0.03


def kind_of(instruction: str) -> str:
    if "background" in instruction:
        return "place"
    if instruction.startswith("replace"):
        return "thing"
    return "time" if instruction.startswith(("make it", "change the time")) else "colour"


def facts(p: Prompts, spec: dict, prompt: str, kind: str) -> dict:
    """Everything that can be read off a scene, in the words of prompts.json."""
    outdoor, plain = spec["background"] in OUTDOOR, spec["background"] == "plain"
    return {"prompt": prompt, "kind": kind,
            "objects": [{"concept": p.composer.concepts[o["concept"]].name, "color": o["color"] or "natural", "count": o["count"]} for o in spec["objects"]],
            "relation": spec["relation"], "background": spec["background"], "plainColor": spec["plain_color"] if plain else None,
            "time": spec["time"] if outdoor else None, "weather": spec["weather"] if outdoor else None, "style": None}


def change(asked: dict, before: dict) -> dict:
    """The one fact that differs, and nothing else."""
    only = {**asked, "objects": [], "relation": None, "background": None, "plainColor": None, "time": None, "weather": None}
    if asked["kind"] in ("place", "time"):
        fact = {"place": "background", "time": "time"}[asked["kind"]]
        return only | {fact: asked[fact]}
    thing = next(new for new, old in zip(asked["objects"], before["objects"]) if new != old)
    return only | {"objects": [{**thing, "count": 1, "color": thing["color"] if asked["kind"] == "colour" else None}]}


def boxes(spec: dict, after: dict, kind: str) -> list[list[int]]:
    """Where an edit of a thing may change pixels, in pixels of the large picture; empty when all may change."""
    if kind not in ("colour", "thing"):
        return []
    changed = [n for n, (a, b) in enumerate(zip(spec["objects"], after["objects"])) if a != b]
    sides = [(x - MARGIN, y - MARGIN, x + w + MARGIN, y + h + MARGIN) for s in (spec, after) for n, x, y, w, h in s["boxes"] if n in changed]
    return [[round(min(1, max(0, v)) * LARGE) for v in box] for box in sides]


def draw_edits(p: Prompts) -> list[dict]:
    rows, sources, edited = [], [], []
    for kind in [kind for kind, count in EDITS.items() for _ in range(count)]:
        while True:
            spec = p.scene(p.pick(["object", "colour", "count", "relation"]))
            found = p.composer.edit(spec, p.rng)
            if found is not None and kind_of(found[1]) == kind:
                break
        after, instruction = found
        before, asked = facts(p, spec, instruction, kind), facts(p, after, instruction, kind)
        rows.append({"after": asked, "change": change(asked, before), "boxes": boxes(spec, after, kind)})
        sources.append(p.large_composer.render(spec, LARGE)["image"])
        edited.append(p.composer.render(after, SIZE)["image"])
    grid(sources, COLUMNS).save(OUT / "edits.webp", quality=92, method=6)
    grid(edited, COLUMNS).save(OUT / "edited.webp", lossless=True, method=6)
    return rows


def draw_references(p: Prompts) -> list[dict]:
    """Two looks of each concept one after the other: they differ in colour, and half of the time in how they are drawn."""
    references = References(p.composer)
    rows, shown, scenes = [], [], []
    chosen = [p.active[i] for i in p.rng.permutation(len(p.active))[:CONCEPTS]]
    for concept in chosen:
        colors = [None, p.color_of(concept, False)]
        for color in colors if p.rng.random() < 0.5 else colors[::-1]:
            spec = p.scene("object")
            spec.update(objects=[p.thing(color, concept)], style="3d" if p.rng.random() < 0.7 else p.pick(STYLES))
            p.composer.place(spec, p.rng)
            shown.append(references.draw(spec["objects"][0], spec["style"], p.rng))
            scenes.append(p.composer.render(spec, SIZE)["image"])
            spoken = {**spec, "style_unsaid": True, "objects": [{**spec["objects"][0], "color_word": None}]}
            rows.append({"concept": concept.name, "color": color or "natural", "style": spec["style"],
                         "prompt": captions.caption(p.rng, p.composer.concepts, spoken, rich=False)})
    grid(shown + scenes, len(shown)).save(OUT / "references.webp", lossless=True, method=6)
    return rows


def main() -> None:
    p = Prompts(20261129)
    p.composer.rng = np.random.default_rng(20261129)
    tasks = {"edits": draw_edits(p), "references": draw_references(p)}
    (OUT / "tasks.json").write_text(json.dumps(tasks, indent=1) + "\n")
    print({name: (OUT / name).stat().st_size for name in ("edits.webp", "edited.webp", "references.webp", "tasks.json")})


if __name__ == "__main__":
    main()
