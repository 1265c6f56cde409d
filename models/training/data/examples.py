"""Draws the canvases that people start from on the home page: python models/training/data/examples.py [OUT]

Each shows one ability of the pack: pictures, maps and masks of a composed scene, and examples.json, which says how they lie on
the canvas (server/features/examples reads it). The same sprites and backgrounds give the same files. After a change, open every example
and press Generate.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

sys.path.insert(0, str(Path(__file__).parent))
from composer import SEGMENT_COLORS
from detail import DetailComposer
from world import OUTDOOR

OUT = Path(__file__).parents[2] / "packs" / "house-image" / "examples"
SIZE, SEED = 256, 11
# Half the width of a sketch's lines in pixels: at 64 px they are one or two pixels wide, as the core was trained with.
PEN = 2.2
# On a cover: paint of a mask, and the two greys where there is no picture yet.
TINT, GREYS = np.array((224, 64, 42)), np.array((190, 150))


class Examples:
    def __init__(self, out: Path):
        self.out = out
        self.composer = DetailComposer(SEED)
        self.rng = np.random.default_rng(SEED)

    def all(self) -> list[dict]:
        return [self.sketch(), self.repaint(), self.extend(), self.regions(), self.reference(), self.instruct()]

    def sketch(self) -> dict:
        _, drawn = self.scene("space", ["rocket", "heart"], "left of")
        lines = self.pen(drawn["owner"])
        return {"id": "follow-a-sketch", "name": "Follow a sketch", "task": "scribble",
                "description": "Two outlines become a rocket and a heart, each as large as it was drawn.",
                "prompt": "a rocket left of a red heart in space",
                "cover": self.picture("sketch", np.repeat((lines * 255)[..., None], 3, 2)),
                "layers": [{"id": "sketch", "kind": "control", "name": "Sketch", "map": "scribble", "paint": self.paint("sketch-paint", lines)}]}

    def repaint(self) -> dict:
        spec, drawn = self.scene("lake", ["duck", "boat"], "left of")
        _, left, top, w, h = next(box for box in spec["boxes"] if box[0] == 0)
        # The mirror image below goes with the duck.
        mask = fat_brush(left, top, w, h * 1.6)
        share = 0.6 * mask[..., None]
        return {"id": "repaint-a-part", "name": "Repaint a part", "task": "inpaint",
                "description": "The mask turns the duck into a penguin. The boat stays as it is, to the pixel.",
                "prompt": "a penguin left of a boat on a lake",
                "cover": self.picture("lake-masked", drawn["image"] * (1 - share) + TINT * share),
                "layers": [{"id": "lake", "kind": "image", "name": "Lake", "picture": self.picture("lake", drawn["image"])},
                           {"id": "mask", "kind": "mask", "name": "Over the duck", "paint": self.paint("lake-mask", mask)}]}

    def extend(self) -> dict:
        image = self.scene("meadow", ["house", "tree"], "left of")[1]["image"]
        end = 130
        rows, columns = np.mgrid[0:SIZE, 0:SIZE]
        empty = np.where((columns >= end)[..., None], GREYS[(rows // 16 + columns // 16) % 2][..., None], image)
        return {"id": "paint-past-the-edge", "name": "Paint past the edge", "task": "inpaint",
                "description": "Half of the frame is still empty. The meadow goes on there, with a tree in it.",
                "prompt": "a house left of a tree in a meadow",
                "cover": self.picture("house-and-nothing", empty),
                "layers": [{"id": "house", "kind": "image", "name": "House", "picture": self.picture("house", image[:, :end])}]}

    def regions(self) -> dict:
        _, drawn = self.scene("meadow", ["balloon", "elephant"], "above")
        owner = drawn["owner"]
        ground = np.arange(SIZE)[:, None] >= drawn["ground"] * SIZE
        parts = [("Ground", np.broadcast_to(ground, owner.shape)), ("Balloon", smooth(owner == 0)), ("Elephant", smooth(owner == 1))]
        cover = SEGMENT_COLORS[0].astype(float)
        layers = []
        for region, (name, part) in enumerate(parts, 1):
            cover = cover + (SEGMENT_COLORS[region] - cover) * part[..., None]
            layers.append({"id": name.lower(), "kind": "control", "name": name, "map": "segmentation", "region": region,
                           "paint": self.paint(f"region-{name.lower()}", part)})
        return {"id": "fill-regions", "name": "Fill in regions", "task": "segmentation",
                "description": "Every colour is a layer of its own. Make the balloon larger, and the picture follows.",
                "prompt": "a red balloon above an elephant in a meadow", "cover": self.picture("regions", cover), "layers": layers}

    def reference(self) -> dict:
        picture = self.picture("mushroom", self.scene("plain", ["mushroom"], color="purple")[1]["image"])
        return {"id": "follow-a-look", "name": "Follow a look", "task": "reference",
                "description": "The reference says what they look like, the prompt how many and where.",
                "prompt": "three mushrooms in a forest", "cover": picture,
                "reference": {"name": "Purple mushroom", "picture": picture},
                # Beside the frame, where it can be seen and is no part of the picture to make.
                "layers": [{"id": "mushroom", "kind": "image", "name": "Purple mushroom", "picture": picture, "transform": [-144, 128, 0.5, 0.5, 0]}]}

    def instruct(self) -> dict:
        picture = self.picture("castle", self.scene("meadow", ["castle"])[1]["image"])
        return {"id": "change-it-with-words", "name": "Change it with words", "task": "edit", "mode": "instruct",
                "description": "The prompt says what to change: the meadow becomes a desert, the castle stays.",
                "prompt": "change the background to a desert", "cover": picture,
                "layers": [{"id": "castle", "kind": "image", "name": "Castle", "picture": picture}]}

    # -- what they are made of -------------------------------------------------------------------------------------
    def scene(self, background: str, names: list[str], relation: str | None = None, color: str | None = None) -> tuple[dict, dict]:
        """A description by day in 3D, and what `render` gives for it."""
        numbers = {concept.name: concept.index for concept in self.composer.concepts}
        things = [{"concept": numbers[name], "color": color, "color_word": color, "size_word": None, "count": 1} for name in names]
        spec = {"background": background, "outdoor": background in OUTDOOR, "time": "day", "weather": "clear", "plain_color": "white",
                "variant": 0, "style": "3d", "weather_seed": 0, "relation": relation, "objects": things,
                "layout": "one" if relation is None else "pair"}
        self.composer.place(spec, np.random.default_rng(SEED))
        return spec, self.composer.render(spec, SIZE)

    def pen(self, owner: np.ndarray) -> np.ndarray:
        """float [S, S] in 0..1: the outlines of all things, up to 3 px off, as a hand draws them."""
        wobble = [gaussian_filter(self.rng.normal(size=owner.shape), 14) for _ in range(2)]
        places = [axis + 3 * w / np.abs(w).max() for axis, w in zip(np.mgrid[0:SIZE, 0:SIZE], wobble)]
        lines = np.zeros(owner.shape)
        for number in range(owner.max() + 1):
            inside = smooth(owner == number) > 0.5
            distance = distance_transform_edt(inside) + distance_transform_edt(~inside) - 0.5
            bent = map_coordinates(distance, places, order=1, mode="nearest")
            lines = np.maximum(lines, np.clip(PEN + 0.5 - bent, 0, 1))
        return lines

    # -- what is stored --------------------------------------------------------------------------------------------
    def picture(self, name: str, pixels: np.ndarray) -> str:
        Image.fromarray(pixels.astype(np.uint8)).save(self.out / f"{name}.webp", lossless=True, quality=100, method=6)
        return f"{name}.webp"

    def paint(self, name: str, cover: np.ndarray) -> str:
        """A layer's tile of paint, 255 where it is covered."""
        Image.fromarray((cover * 255.0 + 0.5).astype(np.uint8)).save(self.out / f"{name}.png", optimize=True)
        return f"{name}.png"


def smooth(part: np.ndarray) -> np.ndarray:
    """float [S, S] in 0..1: the same part without corners of a pixel or two, and with an edge as a hard brush has it."""
    return np.clip((gaussian_filter(part.astype(float), 2.5) - 0.5) * 6 + 0.5, 0, 1)


def fat_brush(left: float, top: float, w: float, h: float) -> np.ndarray:
    """float [S, S] in 0..1: a box in 0..1 and a little around it, with round corners."""
    radius, air = 22, 0.03
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    dx = np.abs(columns - (left + w / 2) * SIZE) - (w / 2 + air) * SIZE + radius
    dy = np.abs(rows - (top + h / 2) * SIZE) - (h / 2 + air) * SIZE + radius
    return np.clip(radius + 0.5 - np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)), 0, 1)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    catalogue = {"format": "gesso-examples/1", "examples": Examples(out).all()}
    (out / "examples.json").write_text(json.dumps(catalogue, indent=2) + "\n")


if __name__ == "__main__":
    main()
