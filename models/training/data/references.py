"""Reference pictures: one of a scene's things drawn again elsewhere, and the scene put into words that leave its look to the reference."""

from __future__ import annotations

import copy

import numpy as np
from PIL import Image

import captions
from world import COLORS, STYLES, held_out

SIZE = 64


class References:
    def __init__(self, composer):
        self.composer = composer

    def describe(self) -> dict:
        """A scene whose reference has something to tell: mostly one with a painted thing, or in another style than the usual."""
        for _ in range(3):
            spec = self.composer.describe()
            if spec["style"] != "3d" or any(thing["color"] for thing in spec["objects"]):
                break
        return spec

    def of(self, spec: dict, rng) -> dict | None:
        """A reference for one thing of the scene, or None when it has none.

        image: uint8 [64, 64, 3]. strength: 0.3..1; the weaker, the more often the reference is another drawing or colour of the
        same concept. spoken: the description to make the caption of.
        """
        if not spec["objects"]:
            return None
        painted = [k for k, thing in enumerate(spec["objects"]) if thing["color"]] or range(len(spec["objects"]))
        number = painted[int(rng.integers(len(painted)))]
        thing = spec["objects"][number]
        strength = 1.0 if rng.random() < 0.7 else float(rng.uniform(0.3, 1))
        shown = {**thing, "count": 1, "size_word": None}
        style = spec["style"]
        if rng.random() > strength:
            style = STYLES[int(rng.integers(len(STYLES)))]
            name = self.composer.concepts[thing["concept"]].name
            shown["color"] = captions.pick(rng, [None, *(c for c in COLORS if not held_out(name, c))])
        spoken = copy.deepcopy(spec)
        if rng.random() < 0.8:
            spoken["objects"][number]["color_word"] = None
            spoken["style_unsaid"] = True
        if thing["count"] == 1 and rng.random() < 0.4:
            spoken["objects"][number]["called"] = captions.pick(rng, ["it", "this", "the same thing"])
        return {"image": self.draw(shown, style, rng), "strength": strength, "spoken": spoken}

    def draw(self, thing: dict, style: str, rng) -> np.ndarray:
        """The thing alone in another scene, cut out with some of what is around it and fitted into a white square."""
        composer = self.composer
        scene = {**composer.describe(rng), "objects": [thing], "layout": "one", "relation": None, "style": style, "look": None}
        if rng.random() < 0.6:
            scene.update(background="plain", outdoor=False, time="day", weather="clear", plain_color="white" if rng.random() < 0.6 else scene["plain_color"])
        composer.place(scene, rng)
        _, left, top, w, h = scene["boxes"][0]
        image = composer.render(scene, 2 * SIZE)["image"]
        margin = rng.uniform(0.02, 0.16, 4) * 2 * SIZE
        x0, y0 = max(0, left * 2 * SIZE - margin[0]), max(0, top * 2 * SIZE - margin[1])
        x1, y1 = min(2 * SIZE, (left + w) * 2 * SIZE + margin[2]), min(2 * SIZE, (top + h) * 2 * SIZE + margin[3])
        cut = Image.fromarray(image).crop((int(x0), int(y0), int(np.ceil(x1)), int(np.ceil(y1))))
        return fit(cut)


def fit(picture: Image.Image) -> np.ndarray:
    """Contained in a white square of SIZE px, as the studio does with any reference."""
    scale = SIZE / max(picture.size)
    small = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.BOX if scale < 1 else Image.BICUBIC)
    square = Image.new("RGB", (SIZE, SIZE), (255, 255, 255))
    square.paste(small, ((SIZE - small.width) // 2, (SIZE - small.height) // 2))
    return np.asarray(square)
