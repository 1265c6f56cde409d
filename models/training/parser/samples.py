"""Scenes for the parser: every combination, held-out ones too, with what can be read off each of them as numbers.

A judge that had never seen a held-out pair would call it wrong; only the core must not have seen it.
"""

from __future__ import annotations

import multiprocessing as mp
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "data"))
from backgrounds import PLAIN, VARIANTS
from composer import Composer
from world import BACKGROUNDS, COLORS, OUTDOOR, STYLES, TIMES, WEATHERS, load_concepts

GRID = 8
NATURAL = len(COLORS)
HEADS = {"background": len(BACKGROUNDS), "plain": len(PLAIN), "time": len(TIMES), "weather": len(WEATHERS)}
IGNORE = -1
RELATIONS = ["left of", "right of", "next to", "above", "below", "on top of"]


def describe(composer: Composer, rng, layout: str | None = None) -> dict:
    """A scene description with concepts, colours, counts, relations and styles drawn evenly."""
    active = [c for c in composer.concepts if c.weight > 0]
    background = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))] if rng.random() < 0.8 else "plain"
    outdoor = background in OUTDOOR
    layout = layout or ["empty", "one", "count", "pair"][int(rng.choice(4, p=[0.03, 0.37, 0.25, 0.35]))]
    spec = {
        "background": background, "outdoor": outdoor, "time": TIMES[int(rng.choice(4, p=[0.55, 0.15, 0.15, 0.15]))] if outdoor else "day",
        "weather": WEATHERS[int(rng.choice(4, p=[0.7, 0.11, 0.11, 0.08]))] if outdoor and background != "sky" else "clear",
        "plain_color": list(PLAIN)[int(rng.integers(len(PLAIN)))], "variant": int(rng.integers(VARIANTS)),
        "style": STYLES[int(rng.choice(3, p=[0.6, 0.2, 0.2]))], "weather_seed": int(rng.integers(1 << 30)), "relation": None, "objects": [], "layout": layout,
    }

    def thing(other: int | None = None) -> dict:
        concept = active[int(rng.integers(len(active)))]
        while concept.index == other:
            concept = active[int(rng.integers(len(active)))]
        color, word = None, None
        if rng.random() < 0.55:
            word = list(COLORS)[int(rng.integers(len(COLORS)))]
            color = None if word in concept.natural else word
        roll = rng.random()
        size = ("small" if roll < 0.12 else "big" if roll < 0.2 else None) if layout == "one" else None
        return {"concept": concept.index, "color": color, "color_word": word, "size_word": size, "count": 1}

    if layout in ("one", "count"):
        spec["objects"] = [thing()]
        if layout == "count":
            spec["objects"][0]["count"] = int(rng.integers(2, 4))
    elif layout == "pair":
        first = thing()
        spec["objects"] = [first, thing(first["concept"])]
        spec["relation"] = RELATIONS[int(rng.integers(len(RELATIONS)))]
    composer.place(spec, rng)
    return spec


def labels(spec: dict, owner: np.ndarray) -> dict:
    """heat [8,8] in 0..1 with 1 at each object's centre cell, concept and colour [8,8] (IGNORE where none), box [4,8,8], style, one number a head."""
    heat = np.zeros((GRID, GRID), np.float32)
    centre = np.zeros((GRID, GRID), np.uint8)
    concept = np.full((GRID, GRID), IGNORE, np.int64)
    color = np.full((GRID, GRID), IGNORE, np.int64)
    box = np.zeros((4, GRID, GRID), np.float32)
    names = list(COLORS)
    step = owner.shape[0] // GRID

    def paint(cells, obj) -> None:
        concept[cells] = obj["concept"]
        color[cells] = NATURAL if obj["color"] is None else names.index(obj["color"])

    for number, obj in enumerate(spec["objects"]):
        share = (owner == number).reshape(GRID, step, GRID, step).mean((1, 3))
        paint(share > 0.4, obj)
    yy, xx = np.mgrid[0:GRID, 0:GRID] + 0.5
    for number, left, top, w, h in spec["boxes"]:
        cx, cy = (left + w / 2) * GRID, (top + h / 2) * GRID
        x, y = min(GRID - 1, max(0, int(cx))), min(GRID - 1, max(0, int(cy)))
        heat = np.maximum(heat, np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / 0.7).astype(np.float32) * 0.9)
        centre[y, x] = 1
        paint((np.array([y]), np.array([x])), spec["objects"][number])
        box[:, y, x] = cx - x, cy - y, w, h
    heat[centre == 1] = 1
    outdoor = spec["outdoor"]
    heads = np.array([BACKGROUNDS.index(spec["background"]), list(PLAIN).index(spec["plain_color"]) if spec["background"] == "plain" else IGNORE,
                      TIMES.index(spec["time"]) if outdoor else IGNORE, WEATHERS.index(spec["weather"]) if outdoor else IGNORE], np.int64)
    return {"heat": heat, "centre": centre, "concept": concept, "color": color, "box": box, "heads": heads, "style": STYLES.index(spec["style"])}


def batch(composer: Composer, rng, count: int) -> dict:
    rows = []
    for _ in range(count):
        spec = describe(composer, rng)
        drawn = composer.render(spec, 64)
        rows.append({"image": drawn["image"], **labels(spec, drawn["owner"])})
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


def _work(seed: int, count: int, queue) -> None:
    composer, rng = Composer(seed), np.random.default_rng(seed)
    while True:
        queue.put(batch(composer, rng, count))


def start_workers(seed: int, count: int, workers: int):
    """A queue of batches and the processes that fill it."""
    context = mp.get_context("spawn")
    queue = context.Queue(5 + workers)
    processes = [context.Process(target=_work, args=(seed + 7 * k, count, queue), daemon=True) for k in range(workers)]
    for process in processes:
        process.start()
    return queue, processes


def vocabulary() -> dict:
    return {"concepts": [c.name for c in load_concepts()], "colors": [*COLORS, "natural"], "backgrounds": BACKGROUNDS, "plainColors": list(PLAIN),
            "times": TIMES, "weathers": WEATHERS, "styles": STYLES}
