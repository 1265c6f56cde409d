"""Pictures with captions in groups of three: a scene, a near miss of it, and one of its things alone.

Random batches do not teach which colour belongs to which thing, because the words alone tell the scenes apart; a caption that
differs in one fact does (Yuksekgonul et al. 2023, section 4). Held-out combinations are drawn too: this is a judge.
"""

from __future__ import annotations

import copy
import multiprocessing as mp
import sys
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[1:1] = [str(HERE.parent / "data"), str(HERE.parent / "parser")]
import captions
from backgrounds import PLAIN
from composer import Composer
from samples import RELATIONS, describe
from world import BACKGROUNDS, COLORS, OUTDOOR, STYLES, TIMES, WEATHERS

TOKENIZER = HERE.parents[1] / "packs" / "house-image" / "tokenizer.json"
SIZE, LENGTH = 64, 32
CAPTIONS = 2
UNSAID = -1
SCENE, MISS, THING = range(3)


def code(value) -> int:
    return zlib.crc32(repr(value).encode())


def meaning(spec: dict) -> int:
    """Equal for scenes that one caption fits: all facts but drawing style and colour of a plain ground, relations turned one way."""
    objects = [(o["concept"], o["color"], o["size_word"], o["count"]) for o in spec["objects"]]
    relation = spec["relation"]
    if relation in ("right of", "below"):
        objects, relation = objects[::-1], {"right of": "left of", "below": "above"}[relation]
    if relation == "next to":
        objects = sorted(objects, key=repr)
    return code((objects, relation, spec["background"], spec["time"], spec["weather"]))


def looks(spec: dict) -> list[int]:
    """One number for each of up to two things: equal numbers are drawn from the same sprite."""
    return ([code((o["concept"], o["color"], spec["style"])) for o in spec["objects"]] + [UNSAID, UNSAID])[:2]


class Pairs:
    def __init__(self, seed: int) -> None:
        from tokenizers import Tokenizer
        self.composer, self.rng = Composer(seed), np.random.default_rng(seed)
        self.tokenizer = Tokenizer.from_file(str(TOKENIZER))
        self.active = [c for c in self.composer.concepts if c.weight > 0]

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def scene(self) -> dict:
        return describe(self.composer, self.rng)

    def near_miss(self, spec: dict) -> dict:
        """The scene with one fact changed."""
        rng = self.rng
        kinds = ["background", "light", "style"]
        if spec["objects"]:
            kinds += ["color", "color", "color", "concept", "concept"]
        if spec["layout"] in ("one", "count"):
            kinds += ["count"]
        if spec["layout"] == "pair":
            kinds += ["relation", "relation", "turn", "turn", "swap"]
        while True:
            after = copy.deepcopy(spec)
            self.change(after, self.pick(kinds))
            if meaning(after) != meaning(spec) or after["style"] != spec["style"]:
                self.composer.place(after, rng)
                return after

    def change(self, spec: dict, kind: str) -> None:
        concepts = self.composer.concepts
        obj = self.pick(spec["objects"]) if spec["objects"] else {}
        if kind == "color":
            color = self.pick([None, *COLORS])
            if color not in concepts[obj["concept"]].natural:
                obj["color"] = obj["color_word"] = color
        elif kind == "concept":
            concept = self.pick(self.active)
            if all(o["concept"] != concept.index for o in spec["objects"]):
                obj["concept"] = concept.index
                if obj["color_word"] in concept.natural or obj["color"] is None:
                    obj["color"], obj["color_word"] = None, None
        elif kind == "count":
            obj["count"], obj["size_word"] = int(self.rng.integers(1, 4)), None
            spec["layout"] = "one" if obj["count"] == 1 else "count"
        elif kind == "relation":
            spec["relation"] = self.pick(RELATIONS)
        elif kind == "turn":
            spec["objects"].reverse()
        elif kind == "swap":
            a, b = spec["objects"]
            if b["color"] not in concepts[a["concept"]].natural and a["color"] not in concepts[b["concept"]].natural:
                a["color"], b["color"] = b["color"], a["color"]
                a["color_word"], b["color_word"] = a["color"], b["color"]
        elif kind == "background":
            spec["background"] = self.pick(BACKGROUNDS)
            spec["outdoor"] = spec["background"] in OUTDOOR
            if not spec["outdoor"]:
                spec["time"], spec["weather"] = "day", "clear"
            elif spec["background"] == "sky":
                spec["weather"] = "clear"
        elif kind == "light" and spec["outdoor"]:
            spec["time"] = self.pick(TIMES)
            spec["weather"] = self.pick(WEATHERS) if spec["background"] != "sky" else "clear"
        elif kind == "style":
            spec["style"] = self.pick(STYLES)

    def thing(self, spec: dict) -> dict:
        """One thing of the scene alone and large, mostly on plain ground: what a person gives as a reference picture."""
        rng = self.rng
        obj = dict(self.pick(spec["objects"])) if spec["objects"] else {"concept": self.pick(self.active).index, "color": None, "color_word": None}
        obj.update(count=1, size_word=None)
        after = {**spec, "objects": [obj], "relation": None, "layout": "one"}
        if rng.random() < 0.75 or not spec["objects"]:
            plain = "white" if rng.random() < 0.6 else self.pick(list(PLAIN))
            after.update(background="plain", plain_color=plain, outdoor=False, time="day", weather="clear")
        w, h = self.composer.sprites.aspect[obj["concept"], spec["style"]]
        scale = rng.uniform(0.5, 0.95)
        w, h = w * scale, h * scale
        after["boxes"] = [(0, rng.uniform(0.02, 0.98 - w) if w < 0.95 else 0.02, rng.uniform(0.02, 0.98 - h) if h < 0.95 else 0.02, w, h)]
        return after

    def item(self, spec: dict, kind: int) -> dict:
        ids = np.zeros((CAPTIONS, LENGTH), np.int16)
        style, plain = np.full(CAPTIONS, UNSAID, np.int8), np.full(CAPTIONS, UNSAID, np.int8)
        for k in range(CAPTIONS):
            text = captions.caption(self.rng, self.composer.concepts, spec, bool(self.rng.random() < 0.3))
            row = self.tokenizer.encode(text).ids[:LENGTH]
            ids[k, :len(row)] = row
            if any(word in text for word in captions.STYLE_SUFFIXES[spec["style"]] + captions.STYLE_PREFIXES[spec["style"]]):
                style[k] = STYLES.index(spec["style"])
            if spec["background"] == "plain" and "background" in text:
                plain[k] = list(PLAIN).index(spec["plain_color"])
        return {"image": self.composer.render(spec, SIZE)["image"], "ids": ids, "kind": kind, "meaning": meaning(spec), "looks": np.array(looks(spec)),
                "style": STYLES.index(spec["style"]), "plain": list(PLAIN).index(spec["plain_color"]) if spec["background"] == "plain" else UNSAID,
                "said_style": style, "said_plain": plain}

    def group(self) -> list[dict]:
        spec = self.scene()
        return [self.item(spec, SCENE), self.item(self.near_miss(spec), MISS), self.item(self.thing(spec), THING)]

    def batch(self, groups: int) -> dict[str, np.ndarray]:
        """Arrays [groups, 3, ...]."""
        rows = [self.group() for _ in range(groups)]
        return {key: np.stack([np.stack([item[key] for item in row]) for row in rows]) for key in rows[0][0]}


def _work(seed: int, groups: int, queue) -> None:
    pairs = Pairs(seed)
    while True:
        queue.put(pairs.batch(groups))


def start_workers(seed: int, groups: int, workers: int):
    """A queue of batches and the processes that fill it."""
    context = mp.get_context("spawn")
    queue = context.Queue(4 + 2 * workers)
    processes = [context.Process(target=_work, args=(seed + 7 * k, groups, queue), daemon=True) for k in range(workers)]
    for process in processes:
        process.start()
    return queue, processes
