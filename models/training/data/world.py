"""The closed world of the composer: concepts, colours, backgrounds, styles and the sprites that draw them."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
WORK = Path(os.environ.get("GESSO_TRAIN_DIR", "/work/train"))
STYLES = ["3d", "flat", "cartoon"]
COLORS = {
    "red": (222, 38, 44), "orange": (245, 130, 32), "yellow": (250, 205, 40), "green": (62, 170, 66),
    "blue": (40, 110, 225), "purple": (134, 62, 190), "pink": (246, 120, 176), "brown": (128, 80, 46),
    "black": (44, 44, 50), "white": (240, 240, 242), "gray": (138, 142, 150),
}
BACKGROUNDS = ["plain", "meadow", "forest", "beach", "desert", "snow", "mountains", "city", "table", "room",
               "underwater", "space", "lake", "sky"]
OUTDOOR = {"meadow", "forest", "beach", "desert", "snow", "mountains", "city", "lake", "sky"}
TIMES = ["day", "sunrise", "sunset", "night"]
WEATHERS = ["clear", "rain", "snowfall", "fog"]
RELATIONS = ["left of", "right of", "next to", "above", "below", "on top of"]
# Share of combinations that no training scene contains, by a hash that never changes.
HELD_OUT_PERCENT = 3


@dataclass(frozen=True)
class Concept:
    index: int
    name: str
    codepoint: str
    plural: str
    weight: float
    kind: str
    natural: tuple[str, ...]
    synonyms: tuple[str, ...]


def load_concepts() -> list[Concept]:
    rows = [r for r in (HERE / "concepts.tsv").read_text().split("\n") if r and not r.startswith("#")]
    out = []
    for i, row in enumerate(rows):
        name, code, plural, weight, kind, natural, synonyms = (row.split("\t") + [""])[:7]
        out.append(Concept(i, name, code, plural, float(weight), kind,
                           tuple(x for x in natural.split(",") if x), tuple(x for x in synonyms.strip().split(",") if x)))
    return out


def held_out(*parts: str) -> bool:
    """True for the ~3 % of combinations kept for evaluation; the hash is CRC-32 of the joined names."""
    return zlib.crc32("|".join(parts).encode()) % 100 < HELD_OUT_PERCENT


def recolor(rgba: np.ndarray, color: str) -> np.ndarray:
    """Repaints the coloured parts of a straight-alpha uint8 picture, keeping eyes, whites and shading."""
    rgb = rgba[..., :3].astype(np.float32) / 255
    alpha = rgba[..., 3:].astype(np.float32) / 255
    high, low = rgb.max(-1), rgb.min(-1)
    lum = rgb @ np.array([0.3, 0.59, 0.11], np.float32)
    sat = (high - low) / np.maximum(high, 1e-3)
    solid = alpha[..., 0] > 0.5
    colored = solid & (sat > 0.25) & (high > 0.25)
    if colored.sum() < 0.35 * max(1, solid.sum()):
        # A gray, white or black thing: everything except the darkest marks takes the colour.
        weight = np.clip((lum - 0.22) / 0.15, 0, 1)
        if weight[solid].mean() < 0.45:
            weight = np.ones_like(lum)
    else:
        weight = np.clip((sat - 0.16) / 0.16, 0, 1) * np.clip((high - 0.18) / 0.12, 0, 1)
    mean = float((lum * weight * solid).sum() / max(1e-3, (weight * solid).sum()))
    shade = np.clip(lum / max(mean, 1e-3), 0.35, 1.7)[..., None]
    target = np.array(COLORS[color], np.float32) / 255
    span = {"black": 0.6, "white": 0.55}.get(color, 0.8)
    shade = 1 + (shade - 1) * span
    painted = np.where(shade <= 1, target * shade, target + (1 - target) * (shade - 1) * 0.75)
    if color == "white":
        painted = np.clip(painted, 0, 1)
    out = rgb + (np.clip(painted, 0, 1) - rgb) * weight[..., None]
    return np.concatenate([(out * 255 + 0.5).astype(np.uint8), rgba[..., 3:]], -1)


class Sprites:
    """All sprites trimmed to their alpha box, premultiplied, natural and recoloured; `side` is the longer one's length in pixels."""

    def __init__(self, concepts: list[Concept], side: int):
        self.cache: dict[tuple[int, str, str | None], Image.Image] = {}
        self.aspect: dict[tuple[int, str], tuple[float, float]] = {}
        self.base: dict[tuple[int, str], np.ndarray] = {}
        for concept in concepts:
            for style in STYLES:
                path = WORK / "assets" / style / f"{concept.index}.png"
                picture = Image.open(path).convert("RGBA")
                box = picture.getchannel("A").point(lambda a: 255 if a > 24 else 0).getbbox()
                picture = picture.crop(box)
                scale = side / max(picture.size)
                size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
                picture = picture.convert("RGBa").resize(size, Image.BICUBIC).convert("RGBA")
                self.base[concept.index, style] = np.asarray(picture)
                self.aspect[concept.index, style] = (size[0] / side, size[1] / side)

    def get(self, concept: int, style: str, color: str | None) -> Image.Image:
        key = (concept, style, color)
        found = self.cache.get(key)
        if found is None:
            rgba = self.base[concept, style]
            found = Image.fromarray(rgba if color is None else recolor(rgba, color), "RGBA").convert("RGBa")
            self.cache[key] = found
        return found
