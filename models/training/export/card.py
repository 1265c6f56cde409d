"""Writes MODEL_CARD.md of the house-image pack from model.json, metrics.json and the upscaler's metrics.

    python models/training/export/card.py --machine "2 shared CPU cores" --minutes 80 --seed 1
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

PACK = Path(__file__).parents[2] / "packs" / "house-image"


def table(readings: dict) -> list[str]:
    rows = [f"| {k} | {v['made']} | {'' if v['composed'] is None else v['composed']} | {v['n']} |" for k, v in readings.items()]
    return ["| reading | samples | composed pictures | n |", "|---|---|---|---|", *rows, ""]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--machine", required=True)
    parser.add_argument("--minutes", required=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--upscaler", default="/work/train/upscaler/metrics.json")
    parser.add_argument("--sheet", default=str(Path(__file__).parent / "sheet-notes.md"))
    a = parser.parse_args()
    manifest = json.loads((PACK / "model.json").read_text())
    vocabulary = json.loads((PACK / "vocabulary.json").read_text())
    trained = manifest["trained"]
    size = sum(c["bytes"] for c in manifest["components"].values()) / 1e6
    lines = [
        f"# {manifest['name']} {manifest['version']}", "",
        "Draws small illustrated scenes from a closed vocabulary: named objects in three drawing styles, colours, counts up to",
        "three, places, time of day and weather. It works at 64 px and enlarges to 256 px. It is not a photo model: it never saw a",
        "photograph, it cannot write text and it does not draw people.", "",
        "## What it is", "",
        "- Core: single-stream diffusion transformer, 7 blocks of width 192, 8 px patches, 3.9 M parameters, with a 1.1 M text encoder",
        "  trained together with it. Flow matching, predicts x0. Upscaler: residual convolution network, 0.32 M parameters.",
        f"- Files: {size:.1f} MB in all; matrices stored as int8 and restored to float32 at load.",
        f"- Tasks: {', '.join(manifest['tasks'])}. Reference pictures (task 6) are reserved and not trained.",
        f"- Vocabulary: {len(vocabulary['concepts'])} concepts, {len(vocabulary['colors'])} colour words, {len(vocabulary['plainColors'])} plain backgrounds and 13 places.",
        "  Other words still give a picture, of something near or of nothing; the studio says so.", "",
        "## Training", "",
        f"- {trained['samples']:,} samples ({trained['steps']:,} steps of 32) in {a.minutes} minutes on {a.machine}, seed {a.seed}, {trained['date']}.",
        f"- Evaluation loss {trained['evalLoss']} (velocity-weighted x0 error on 128 fixed composed scenes, times spread evenly over 0..1,",
        "  weights up to 1/0.25², averaged weights).",
        "- Recipe: models/training/core/train.py (Muon 0.012 and AdamW 0.001, bf16 autocast, average weights 0.998, flat rate then linear decay).",
        "  The run ends at a wall-clock time, so the same seed gives the same data but not the same number of steps.",
        "- The recipe was changed twice on the way: the first 9,600 samples had 72 concepts and fewer single objects; the first 46,400 drew",
        "  times lower (logit mean 0.5, weights up to 1/0.05²). A run from nothing uses today's recipe throughout.",
        "- Mixture: 70 % text to image, 12 % repaint, 14.5 % edge, depth, segmentation and scribble, 3.5 % edit; text dropped in 10 %.",
        "", "## Data and licences", "",
        "Scenes are drawn by models/training/data from procedural backgrounds and these drawings (see NOTICE):",
        "Microsoft Fluent Emoji 3D and flat (MIT), Google Noto Emoji (Apache-2.0). No photographs, no people, no scraped pictures.",
        "About 3 % of concept–colour and concept–relation–concept combinations, chosen by a hash, are in no training scene.",
        "Recoloured and placed sprites are close copies of that artwork, and so are good samples.", "",
    ]
    if Path(a.upscaler).exists():
        u = json.loads(Path(a.upscaler).read_text())
        lines += ["## Upscaler", "",
                  f"On 40 unseen scenes and dead leaves, 64 to 256 px: {u['psnr']} dB (bicubic {u['psnrBicubic']} dB); from blurred, noisy input with patch",
                  f"seams: {u['psnrDegraded']} dB (bicubic {u['psnrBicubicDegraded']} dB). Trained for {u['step']:,} steps.", ""]
    if (PACK / "metrics.json").exists():
        m = json.loads((PACK / "metrics.json").read_text())
        lines += ["## Measured", "",
                  f"With {m['steps']} steps and guidance {m['guidanceScale']} (models/training/evaluate/measure.py). The right column is the same reading on the",
                  "composer's own pictures. No trained judge is used: see the script for each reading.", "", *table(m["readings"])]
    notes = Path(a.sheet)
    if notes.exists():
        lines += [notes.read_text().strip(), ""]
    (PACK / "MODEL_CARD.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
