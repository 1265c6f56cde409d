"""Scenes for the sheet of tasks (scripts/evaluate/task-sheets.ts): python models/training/data/scenes.py OUT [SEED].

Pictures at 256 px, maps at 64 px, and scenes.json: the prompt, the prompt of the same scene after an edit and the instruction for it,
a prompt for the first thing at another place, its box.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import captions
from detail import DetailComposer

COUNT, SIZE, NATIVE = 6, 256, 64


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    composer = DetailComposer(int(sys.argv[2]) if len(sys.argv) > 2 else 23)
    scenes = []
    while len(scenes) < COUNT:
        spec = composer.describe()
        if spec["weather"] != "clear" or len(spec["objects"]) != 1 + len(scenes) % 2:
            continue
        edit = composer.edit(spec)
        if edit is None:
            continue
        number = len(scenes)
        large, small = composer.render(spec, SIZE), composer.render(spec, NATIVE)
        maps = {"scribble": composer.scribble(small), "depth": composer.depth(spec, small),
                "segmentation": composer.segmentation(small)}
        Image.fromarray(large["image"]).quantize(128, dither=Image.Dither.FLOYDSTEINBERG).save(out / f"scene-{number}.png", optimize=True)
        for kind, pixels in maps.items():
            Image.fromarray(pixels).save(out / f"scene-{number}-{kind}.png", optimize=True)
        _, left, top, w, h = spec["boxes"][0]
        box = [float(np.clip(v, 0, 1)) for v in (left, top, left + w, top + h)]
        thing = composer.concepts[spec["objects"][0]["concept"]]
        place = captions.pick(composer.rng, [name for name in captions.PLACES if name != spec["background"]])
        elsewhere = f"{captions.article(thing.name)} {captions.PLACES[place][0]}"
        scenes.append({"prompt": composer.caption(spec, rich=False), "after": composer.caption(edit[0], rich=False), "instruction": edit[1],
                       "elsewhere": elsewhere, "box": [round(v, 3) for v in box]})
    (out / "scenes.json").write_text(json.dumps(scenes, indent=2) + "\n")


if __name__ == "__main__":
    main()
