"""The scene composer: a seed gives a scene description, and a description gives its picture, labels and control maps."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import captions
import looks
from backgrounds import PLAIN, VARIANTS, TINT, draw_background
from world import BACKGROUNDS, COLORS, OUTDOOR, STYLES, TIMES, Sprites, held_out, load_concepts

BACKGROUND_P = np.array([3.0, 1.2, 1, 1.1, 1, 1.5, 1, 1.1, 1.2, 1, 1, 1.2, 0.9, 0.9])
BACKGROUND_P /= BACKGROUND_P.sum()
# Segmentation palette: sky or wall, ground, then the objects in the order in which the caption names them.
SEGMENT_COLORS = np.array([(120, 180, 230), (120, 110, 90), (230, 80, 80), (80, 200, 120), (240, 200, 70)], np.uint8)

# How much of a thing the ground gives back right below it: water always, a street when it is wet.
WATER, WET_STREET = 0.6, 0.3
# Pixels of a sprite's longer side: enough for pictures of 64 px. Larger pictures want larger ones (detail.py).
SPRITE_SIDE = 128
LAYOUTS = ["empty", "one", "count", "pair"]


@dataclass(frozen=True)
class Mixture:
    """How often a described scene is of which kind. The defaults are what every evaluation loss is measured on."""

    layouts: tuple[float, ...] = (0.03, 0.59, 0.12, 0.26)
    styles: tuple[float, ...] = (0.84, 0.06, 0.1)
    weather: float = 0.14
    """Share of outdoor scenes with rain, snow or fog."""
    looks: float = 0.0
    """Share of scenes drawn in one of the looks of looks.py."""


class Composer:
    def __init__(self, seed: int, mixture: Mixture = Mixture(), sprite_side: int = SPRITE_SIDE):
        self.mixture = mixture
        self.rng = np.random.default_rng(seed)
        self.concepts = load_concepts()
        self.sprites = Sprites(self.concepts, sprite_side)
        weights = np.array([c.weight for c in self.concepts])
        self.concept_p = weights / weights.sum()
        self.backdrops: dict = {}

    # -- describing ------------------------------------------------------------------------------------------------
    def _object(self, rng, colored_p: float) -> dict:
        concept = self.concepts[int(rng.choice(len(self.concepts), p=self.concept_p))]
        color, word = None, None
        if rng.random() < colored_p:
            name = list(COLORS)[int(rng.integers(len(COLORS)))]
            if name in concept.natural:
                word = name
            elif not held_out(concept.name, name):
                color = word = name
        elif concept.natural and rng.random() < 0.12:
            word = concept.natural[0]
        return {"concept": concept.index, "color": color, "color_word": word, "size_word": None, "count": 1}

    def describe(self, rng=None) -> dict:
        rng = rng or self.rng
        background = BACKGROUNDS[int(rng.choice(len(BACKGROUNDS), p=BACKGROUND_P))]
        outdoor = background in OUTDOOR
        time = TIMES[int(rng.choice(4, p=[0.72, 0.08, 0.1, 0.1]))] if outdoor else "day"
        weather = "clear"
        if outdoor and background != "sky" and rng.random() < self.mixture.weather:
            weather = ["rain", "snowfall", "fog"][int(rng.choice(3, p=[0.4, 0.4, 0.2]))]
        plain = "white" if rng.random() < 0.45 else list(PLAIN)[int(rng.integers(len(PLAIN)))]
        spec = {
            "background": background, "outdoor": outdoor, "time": time, "weather": weather, "plain_color": plain,
            "variant": int(rng.integers(VARIANTS)), "style": STYLES[int(rng.choice(3, p=self.mixture.styles))],
            "weather_seed": int(rng.integers(1 << 30)), "relation": None, "objects": [],
        }
        spec["layout"] = LAYOUTS[int(rng.choice(4, p=self.mixture.layouts))]
        if spec["layout"] == "one":
            obj = self._object(rng, 0.5)
            roll = rng.random()
            obj["size_word"] = "small" if roll < 0.08 else "big" if roll < 0.16 else None
            spec["objects"] = [obj]
        elif spec["layout"] == "count":
            obj = self._object(rng, 0.4)
            obj["count"] = int(rng.choice([2, 3], p=[0.55, 0.45]))
            spec["objects"] = [obj]
        elif spec["layout"] == "pair":
            relations = ["left of", "right of", "next to", "above", "below", "on top of"]
            while True:
                a, b = self._object(rng, 0.45), self._object(rng, 0.45)
                relation = relations[int(rng.choice(6, p=[0.22, 0.22, 0.16, 0.12, 0.1, 0.18]))]
                names = self.concepts[a["concept"]].name, self.concepts[b["concept"]].name
                if a["concept"] != b["concept"] and not held_out(names[0], relation, names[1]):
                    break
            spec["objects"], spec["relation"] = [a, b], relation
        self.place(spec, rng)
        if self.mixture.looks > 0 and rng.random() < self.mixture.looks:
            spec.update(self._look(spec, rng))
        return spec

    def _look(self, spec: dict, rng) -> dict:
        options = [look for look in looks.LOOKS if spec["weather"] == "clear" or look not in looks.LINE_LOOKS]
        return {"look": captions.pick(rng, options), "look_seed": int(rng.integers(1 << 30))}

    def place(self, spec: dict, rng) -> None:
        """Fills `boxes`: (object number, left, top, width, height) in 0..1, back to front."""
        grounded = spec["background"] in OUTDOOR | {"table", "room"} and spec["background"] != "sky"

        def fit(obj, limit):
            w, h = self.sprites.aspect[obj["concept"], spec["style"]]
            return w * limit, h * limit

        def floor(h, low=0.84, high=0.92):
            if not grounded:
                return 0.5 + h / 2 + rng.uniform(-0.04, 0.04)
            if spec["background"] == "lake":
                # Far enough up for some of its mirror image to be seen.
                return max(rng.uniform(low, high) - 0.12, min(0.92, h + 0.04))
            return rng.uniform(low, high)

        boxes = []
        jitter = lambda s: rng.uniform(-s, s)
        if spec["layout"] == "one":
            obj = spec["objects"][0]
            limit = {"small": 0.3, "big": 0.84, None: 0.62}[obj["size_word"]] * rng.uniform(0.93, 1.07)
            w, h = fit(obj, limit)
            bottom = floor(h)
            if grounded and self.concepts[obj["concept"]].kind == "air" and spec["background"] not in ("table", "room"):
                bottom = 0.46 + h / 2 + jitter(0.05)
            boxes = [(0, 0.5 - w / 2 + jitter(0.05), min(bottom, 0.97) - h, w, h)]
        elif spec["layout"] == "count":
            obj = spec["objects"][0]
            n = obj["count"]
            limit = {2: 0.43, 3: 0.31}[n] * rng.uniform(0.95, 1.04)
            w, h = fit(obj, limit)
            bottom = floor(h)
            for k in range(n):
                cx = 0.5 + (k - (n - 1) / 2) * {2: 0.46, 3: 0.325}[n] + jitter(0.01)
                boxes.append((0, cx - w / 2, min(bottom + jitter(0.015), 0.96) - h, w, h))
        elif spec["layout"] == "pair":
            a, b = spec["objects"]
            relation = spec["relation"]
            if relation in ("left of", "right of", "next to"):
                wa, ha = fit(a, 0.45 * rng.uniform(0.95, 1.05))
                wb, hb = fit(b, 0.45 * rng.uniform(0.95, 1.05))
                flip = relation == "right of"
                ca, cb = (0.74, 0.26) if flip else (0.26, 0.74)
                bottom = floor(max(ha, hb))
                for number, c, w, h in ((0, ca, wa, ha), (1, cb, wb, hb)):
                    low = bottom if grounded else 0.5 + h / 2
                    boxes.append((number, c + jitter(0.02) - w / 2, min(low + jitter(0.015), 0.96) - h, w, h))
            else:
                upper, lower = (1, 0) if relation == "below" else (0, 1)
                objs = {0: a, 1: b}
                wu, hu = fit(objs[upper], 0.4 * rng.uniform(0.95, 1.05))
                wl, hl = fit(objs[lower], 0.43 * rng.uniform(0.95, 1.05))
                if relation == "on top of":
                    bottom = min(rng.uniform(0.9, 0.95), 0.96) if grounded else 0.5 + (hu + hl) / 2
                    sink = self._support(objs[upper], objs[lower], spec["style"], hu, hl)
                    top_of_lower = bottom - hl + sink
                    boxes = [(lower, 0.5 - wl / 2 + jitter(0.02), bottom - hl, wl, hl)]
                    cx = boxes[0][1] + wl / 2
                    boxes.append((upper, cx - wu / 2, max(0.01, top_of_lower - hu), wu, hu))
                else:
                    boxes = [(lower, 0.5 - wl / 2 + jitter(0.04), 0.94 - hl + jitter(0.01), wl, hl),
                             (upper, 0.5 - wu / 2 + jitter(0.04), 0.06 + (0.38 - hu) / 2 + jitter(0.01), wu, hu)]
        spec["boxes"] = boxes

    def _support(self, upper, lower, style, hu, hl) -> float:
        """How far the upper object sinks so that its middle column rests on the lower one's silhouette."""
        below = self.sprites.base[lower["concept"], style][..., 3] > 90
        above = self.sprites.base[upper["concept"], style][..., 3] > 90
        middle = below[:, int(below.shape[1] * 0.38):int(below.shape[1] * 0.62)].any(1)
        gap_low = float(np.argmax(middle)) / below.shape[0] * hl
        middle = above[::-1, int(above.shape[1] * 0.35):int(above.shape[1] * 0.65)].any(1)
        gap_up = float(np.argmax(middle)) / above.shape[0] * hu
        return min(gap_low + gap_up + 0.015, 0.16)

    # -- drawing ---------------------------------------------------------------------------------------------------
    def backdrop(self, spec: dict, size: int) -> tuple[np.ndarray, float]:
        plain = spec["plain_color"] if spec["background"] == "plain" else ""
        key = (spec["background"], spec["variant"] if not plain else 0, spec["time"], plain, size)
        found = self.backdrops.get(key)
        if found is None:
            found = draw_background(spec["background"], key[1], spec["time"], spec["plain_color"], size)
            if size <= 128:
                self.backdrops[key] = found
        return found

    def render(self, spec: dict, size: int) -> dict:
        """image uint8 [S,S,3] with light, weather and look; the same without the look (`unfiltered`); owner int8 [S,S]: number of the
        object that a pixel shows, or -1; ground: height of the ground line in 0..1, 1 = none."""
        picture, ground = self.backdrop(spec, size)
        canvas = picture.astype(np.float32)
        owner = np.full((size, size), -1, np.int8)
        grounded = ground < 1
        tint = np.array(TINT[spec["time"]], np.float32) * 0.45 + 0.55
        placed = [(number, *self._layer(spec, number, box, size)) for number, *box in spec["boxes"]]
        self._reflections(canvas, spec, placed, tint)
        for (number, layer, x, y), (_, _, top, _, h) in zip(placed, spec["boxes"]):
            ph, pw = layer.shape[:2]
            if grounded and top + h > 0.72 and spec["background"] != "lake":
                self._shadow(canvas, x, y, pw, ph, size)
            x0, y0, x1, y1 = max(0, x), max(0, y), min(size, x + pw), min(size, y + ph)
            if x1 <= x0 or y1 <= y0:
                continue
            part = layer[y0 - y:y1 - y, x0 - x:x1 - x]
            alpha = part[..., 3:] / 255
            region = canvas[y0:y1, x0:x1]
            canvas[y0:y1, x0:x1] = part[..., :3] * tint + region * (1 - alpha)
            owner[y0:y1, x0:x1][alpha[..., 0] > 0.5] = number
        if spec["weather"] != "clear":
            canvas = self._weather(canvas, spec, size)
        image = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
        finished = looks.apply(spec["look"], image, spec["look_seed"]) if spec.get("look") else image
        return {"image": finished, "unfiltered": image, "owner": owner, "ground": ground}

    def _layer(self, spec: dict, number: int, box: list[float], size: int) -> tuple[np.ndarray, int, int]:
        """float32 [h, w, 4], premultiplied, and where its left upper corner lies, in pixels."""
        left, top, w, h = box
        obj = spec["objects"][number]
        sprite = self.sprites.get(obj["concept"], spec["style"], obj["color"])
        layer = sprite.resize((max(3, round(w * size)), max(3, round(h * size))), Image.BICUBIC)
        return np.asarray(layer).astype(np.float32), round(left * size), round(top * size)

    def _reflections(self, canvas, spec: dict, placed: list, tint) -> None:
        """Mirror images of all things at the lowest line on which one of them stands, fading and rippling with the distance from it."""
        wet = spec["background"] == "city" and spec["weather"] == "rain"
        share = WATER if spec["background"] == "lake" else WET_STREET if wet else 0
        if share == 0 or not placed:
            return
        size = canvas.shape[0]
        for _, layer, x, y in placed:
            h, w = layer.shape[:2]
            # What floats above another thing or stands on it is mirrored where that one meets the ground.
            line = max([y + h, *(v + other.shape[0] for _, other, u, v in placed if u < x + w and u + other.shape[1] > x)])
            if line <= size * 0.62:
                continue
            y0, y1 = max(line, 2 * line - y - h), min(size, 2 * line - y)
            x0, x1 = max(0, x), min(size, x + w)
            if y1 <= y0 or x1 <= x0:
                continue
            rows = np.arange(y0, y1)
            depth = (rows - line + 0.5) / size
            ripple = np.round(np.sin(depth * 110) * depth * size * 0.12).astype(int)
            columns = np.clip(np.arange(x0 - x, x1 - x)[None] + ripple[:, None], 0, w - 1)
            part = layer[(2 * line - 1 - rows - y)[:, None], columns]
            fade = (share * np.exp(-depth / 0.2))[:, None, None]
            region = canvas[y0:y1, x0:x1]
            canvas[y0:y1, x0:x1] = part[..., :3] * tint * fade + region * (1 - part[..., 3:] / 255 * fade)

    def _shadow(self, canvas, x, y, w, h, size) -> None:
        cx, cy, rx, ry = x + w / 2, y + h - size * 0.01, w * 0.46, max(1.0, size * 0.035)
        y0, y1 = max(0, int(cy - ry * 1.6)), min(size, int(cy + ry * 1.6) + 1)
        x0, x1 = max(0, int(cx - rx * 1.4)), min(size, int(cx + rx * 1.4) + 1)
        if y1 <= y0 or x1 <= x0:
            return
        yy, xx = np.mgrid[y0:y1, x0:x1]
        d = ((xx + 0.5 - cx) / rx) ** 2 + ((yy + 0.5 - cy) / ry) ** 2
        canvas[y0:y1, x0:x1] *= 1 - 0.38 * np.exp(-d * 1.1)[..., None]

    def _weather(self, canvas, spec, size):
        rng = np.random.default_rng(spec["weather_seed"])
        if spec["weather"] == "fog":
            return canvas * 0.52 + np.array((214, 218, 224), np.float32) * 0.48
        big = size * 2
        layer = Image.new("L", (big, big), 0)
        d = ImageDraw.Draw(layer)
        if spec["weather"] == "rain":
            canvas = canvas * 0.8 + np.array((104, 116, 136), np.float32) * 0.2
            for x, y in rng.random((46, 2)) * big:
                d.line([(x, y), (x - big * 0.02, y + big * 0.07)], fill=170, width=max(1, big // 100))
            light = np.array((214, 230, 248), np.float32)
        else:
            for x, y, r in rng.random((60, 3)):
                r = big * (0.006 + 0.008 * r)
                d.ellipse([x * big - r, y * big - r, x * big + r, y * big + r], fill=235)
            light = np.array((255, 255, 255), np.float32)
        alpha = np.asarray(layer.resize((size, size), Image.BOX)).astype(np.float32)[..., None] / 255
        return canvas * (1 - alpha) + light * alpha

    def caption(self, spec: dict, rng=None, rich: bool | None = None) -> str:
        rng = rng or self.rng
        rich = rng.random() < 0.5 if rich is None else rich
        return captions.caption(rng, self.concepts, spec, rich)

    # -- labels and control maps -----------------------------------------------------------------------------------
    def patch_labels(self, spec: dict, drawn: dict, grid: int = 8) -> np.ndarray:
        """int16 [grid*grid]: the concept that owns most of each patch, or concept count + background number."""
        owner = drawn["owner"]
        size = owner.shape[0]
        step = size // grid
        out = np.full(grid * grid, len(self.concepts) + BACKGROUNDS.index(spec["background"]), np.int16)
        for number, obj in enumerate(spec["objects"]):
            share = (owner == number).reshape(grid, step, grid, step).mean((1, 3)).reshape(-1)
            out[share > 0.4] = obj["concept"]
        return out

    def edges(self, drawn: dict) -> np.ndarray:
        """uint8 [S,S], 255 on edges: borders of object layers, plus strong colour steps inside and behind them."""
        image = drawn["unfiltered"].astype(np.float32)
        size = image.shape[0]
        gx, gy = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
        gx[:, 1:] = np.abs(image[:, 1:] - image[:, :-1]).max(-1)
        gy[1:] = np.abs(image[1:] - image[:-1]).max(-1)
        owner = drawn["owner"]
        out = np.maximum(gx, gy) > 52
        out[:, 1:] |= owner[:, 1:] != owner[:, :-1]
        out[1:] |= owner[1:] != owner[:-1]
        return out.astype(np.uint8) * 255

    def depth(self, spec: dict, drawn: dict) -> np.ndarray:
        """uint8 [S,S], white is near: ground ramp, objects by the height of their base."""
        size = drawn["owner"].shape[0]
        ground = drawn["ground"]
        rows = np.arange(size) / size
        ramp = np.clip((rows - ground) / max(1e-3, 1 - ground), 0, 1) * 200 + 8 if ground < 1 else np.full(size, 8.0)
        out = np.broadcast_to(np.where(rows >= ground, ramp, 8)[:, None], (size, size)).copy()
        for number in range(len(spec["objects"])):
            mask = drawn["owner"] == number
            if mask.any():
                base = (np.nonzero(mask.any(1))[0][-1] + 1) / size
                out[mask] = np.clip(120 + 120 * base, 0, 245)
        return out.astype(np.uint8)

    def segmentation(self, drawn: dict) -> np.ndarray:
        size = drawn["owner"].shape[0]
        label = np.zeros((size, size), np.int64)
        if drawn["ground"] < 1:
            label[int(drawn["ground"] * size):] = 1
        owner = drawn["owner"]
        label[owner >= 0] = owner[owner >= 0] + 2
        return SEGMENT_COLORS[label]

    def scribble(self, drawn: dict, rng=None) -> np.ndarray:
        """uint8 [S,S]: thick wobbly outlines of the objects and the ground line, like a hand-drawn sketch."""
        rng = rng or self.rng
        owner = drawn["owner"]
        size = owner.shape[0]
        out = np.zeros((size, size), bool)
        out[:, 1:] |= owner[:, 1:] != owner[:, :-1]
        out[1:] |= owner[1:] != owner[:-1]
        if drawn["ground"] < 1 and rng.random() < 0.5:
            row = int(drawn["ground"] * size)
            out[row, owner[row] < 0] = True
        if rng.random() < 0.7:
            shift = int(rng.integers(-1, 2))
            wobble = np.roll(out, (shift, int(rng.integers(-1, 2))), (0, 1))
            out = wobble | (out if rng.random() < 0.5 else wobble)
        return out.astype(np.uint8) * 255

    def repaint_mask(self, spec: dict, drawn: dict, rng=None) -> np.ndarray:
        """uint8 [S,S], 1 = repaint: an object's box, a free rectangle, an ellipse, or the outside (outpainting)."""
        rng = rng or self.rng
        size = drawn["owner"].shape[0]
        mask = np.zeros((size, size), np.uint8)
        roll = rng.random()
        if roll < 0.45 and spec["boxes"]:
            _, left, top, w, h = spec["boxes"][int(rng.integers(len(spec["boxes"])))]
            pad = rng.uniform(0, 0.08, 4)
            x0, y0 = int(max(0, (left - pad[0]) * size)), int(max(0, (top - pad[1]) * size))
            x1, y1 = int(np.ceil(min(1, left + w + pad[2]) * size)), int(np.ceil(min(1, top + h + pad[3]) * size))
            mask[y0:y1, x0:x1] = 1
        elif roll < 0.6:
            w, h = rng.uniform(0.25, 0.75, 2)
            x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
            mask[int(y * size):int((y + h) * size), int(x * size):int((x + w) * size)] = 1
        elif roll < 0.78:
            yy, xx = np.mgrid[0:size, 0:size] / size
            cx, cy, rx, ry = *rng.uniform(0.25, 0.75, 2), *rng.uniform(0.15, 0.4, 2)
            mask[((xx - cx) / rx) ** 2 + ((yy - cy) / ry) ** 2 < 1] = 1
        else:
            mask[:] = 1
            x0, y0 = rng.uniform(0, 0.35, 2)
            x1, y1 = rng.uniform(0.65, 1, 2)
            if rng.random() < 0.5:
                side = int(rng.integers(4))
                x0, y0, x1, y1 = [(0, 0, x1 - 0.15, 1), (x0 + 0.15, 0, 1, 1), (0, 0, 1, y1 - 0.15), (0, y0 + 0.15, 1, 1)][side]
            mask[int(y0 * size):int(y1 * size), int(x0 * size):int(x1 * size)] = 0
        if not mask.any():
            mask[size // 4:-size // 4, size // 4:-size // 4] = 1
        return mask

    def edit(self, spec: dict, rng=None) -> tuple[dict, str] | None:
        """Another description and the instruction that leads to it, or None when this scene offers none."""
        rng = rng or self.rng
        after = copy.deepcopy(spec)
        kind = int(rng.integers(6 if self.mixture.looks > 0 else 5))
        if kind == 5:
            if spec.get("look"):
                return None
            after.update(self._look(spec, rng))
            words = captions.pick(rng, captions.LOOK_PREFIXES[after["look"]])
            return after, captions.pick(rng, [f"make it {words}", f"turn it into {words}"])
        if kind <= 1 and spec["objects"]:
            obj = after["objects"][int(rng.integers(len(after["objects"])))]
            concept = self.concepts[obj["concept"]]
            color = list(COLORS)[int(rng.integers(len(COLORS)))]
            if color == obj["color_word"] or color in concept.natural or held_out(concept.name, color):
                return None
            obj["color"] = obj["color_word"] = color
            name = concept.name if obj["count"] == 1 else concept.plural
            return after, captions.pick(rng, [f"make the {name} {color}", f"turn the {name} {color}", f"change the color of the {name} to {color}"])
        if kind == 2:
            if spec["background"] == "plain" or spec["layout"] == "empty":
                return None
            names = [b for b in BACKGROUNDS if b not in (spec["background"], "plain") and (b in OUTDOOR) == spec["outdoor"]]
            after["background"] = captions.pick(rng, names)
            if after["background"] == "sky":
                return None
            place = captions.pick(rng, captions.ALONE[after["background"]])
            return after, captions.pick(rng, [f"change the background to {place}", f"replace the background with {place}"])
        if kind == 3 and spec["outdoor"]:
            time = captions.pick(rng, [t for t in TIMES if t != spec["time"]])
            after["time"] = time
            word = {"day": "day", "sunrise": "sunrise", "sunset": "sunset", "night": "night"}[time]
            return after, captions.pick(rng, [f"make it {word}", f"change the time to {word}"])
        if kind == 4 and spec["layout"] in ("one", "count"):
            obj = after["objects"][0]
            other = self._object(rng, 0)
            if other["concept"] == obj["concept"]:
                return None
            old = self.concepts[obj["concept"]]
            new = self.concepts[other["concept"]]
            obj.update(concept=other["concept"], color=None, color_word=None)
            boxes = []
            for number, left, top, w, h in spec["boxes"]:
                aw, ah = self.sprites.aspect[obj["concept"], spec["style"]]
                scale = max(w, h)
                boxes.append((number, left + w / 2 - aw * scale / 2, top + h - ah * scale, aw * scale, ah * scale))
            after["boxes"] = boxes
            if obj["count"] == 1:
                return after, f"replace the {old.name} with {captions.article(new.name)}"
            return after, f"replace the {old.plural} with {new.plural}"
        return None
