"""Writes MODEL_CARD.md of the house-image pack from model.json, evaluation.json, scene-parser.json and the upscaler's metrics.

    python models/training/export/card.py --machine "2 shared CPU cores" --minutes 120 --seed 1
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HERE = Path(__file__).parent
PACK = HERE.parents[1] / "packs" / "house-image"
# What a pack should reach before anybody is told that it draws what is asked, and where evaluation.json has it.
GOALS = [("object", "Composition", "object", 0.9), ("colour on the right object", "Composition", "object and its colour", 0.8),
         ("relation of the right objects", "Composition", "objects and relation", 0.7),
         ("colour on the right object, pairs never trained", "Composition, combinations that no training scene had", "object and its colour", 0.6),
         ("edge F1", "Control maps", "edge: F1 of colour steps to the map, within 2 px", 0.7),
         ("area IoU under a segmentation map", "Control maps", "segmentation: IoU of object and ground, mean", 0.7),
         ("repainted thing is the asked one", "Repaint", "asked thing, with its colour, is found", 0.8),
         ("alignment with the prompt, share of composed scenes", "Alignment with the prompt", "cosine with the prompt, share of the composed scenes", 0.7),
         ("edit done and nothing else changed", "Edit by instruction", "asked change is found, all else is as it was", 0.7),
         ("look of the reference, AUC", "Reference pictures", "AUC of the own reference against another look of the same concept", 0.85)]
# What every part of the training drew from.
SEEDS = "1 (2 from sample 69,792 on, 4 from 146,112 on, 7 from 362,624 on, 8 from 485,760 on, 9 from 589,504 on)"
UPSCALER = Path("/work/train/upscaler/metrics.json")
# What it may lose at most.
LIMITS = [("composition lost at 1 step, %", "Number of steps", "composition lost against 30 steps, %, 1 steps", 15),
          ("composition lost at 4 steps, %", "Number of steps", "composition lost against 30 steps, %, 4 steps", 15),
          ("nearness to the prompt lost at 4 steps, %", "Number of steps", "cosine lost against 30 steps, %, 4 steps", 15)]


def value(report: dict, section: str, name: str) -> float | None:
    return next((r["made"] for s in report["sections"] if s["title"] == section for r in s["rows"] if r["name"] == name), None)


def tables(report: dict) -> list[str]:
    lines = []
    for section in report["sections"]:
        if section["rows"]:
            rows = [f"| {r['name']} | {r['made']} | {'' if r['composed'] is None else r['composed']} | {r['n']} |" for r in section["rows"]]
            lines += [f"### {section['title']}", "", section["about"], "", "| reading | samples | composed pictures | n |", "|---|---|---|---|", *rows, ""]
    return lines


def goals(report: dict) -> list[str]:
    rows = []
    for label, section, name, goal in GOALS:
        got = value(report, section, name)
        if got is not None:
            rows.append(f"| {label} | {goal} | {got} | {'met' if got >= goal else f'{goal - got:.2f} short'} |")
    for label, section, name, limit in LIMITS:
        got = value(report, section, name)
        if got is not None:
            rows.append(f"| {label} | at most {limit} | {got} | {'met' if got <= limit else f'{got - limit:.2f} over'} |")
    return ["## Against the goals", "", "| goal | asked | reached | |", "|---|---|---|---|", *rows, "",
            "A goal counts what the scene parser finds, so its own mistakes (the column of composed pictures below) are in it. What to train next, and",
            "what it should bring, is in models/training/QUEUE.md. The latent autoencoder (models/training/autoencoder) is not in this pack: it reached",
            "30.2 dB on scenes of the 31 asked, 0.8 short.", ""]


def eight_bits(report: dict) -> list[str]:
    """What the graph that computes in 8 bits loses, for a pack that was evaluated with it too."""
    path = PACK / "evaluation-int8.json"
    other = json.loads(path.read_text()) if path.exists() else None
    if other is None or other["pack"]["sha256"] != report["pack"]["sha256"] or other["settings"]["prompts"] != report["settings"]["prompts"]:
        return []
    rows = [(r["name"], r["made"], value(other, "Composition", r["name"]), r["n"]) for s in report["sections"] if s["title"] == "Composition" for r in s["rows"]]
    return ["### Computed in 8 bits", "", "The same prompts and seeds with denoiser-int8.onnx (`--arithmetic int8`), which reads the same weights.", "",
            "| reading | exact | 8 bits | n |", "|---|---|---|---|", *(f"| {name} | {exact} | {fast} | {n} |" for name, exact, fast, n in rows), ""]


def minutes_of(log: Path) -> int:
    """Minutes of all runs that wrote a log of core/train.py; its clock starts again with each of them."""
    total, last = 0.0, 0.0
    for line in log.read_text().splitlines():
        now = json.loads(line)["minutes"]
        total += last if now < last else 0
        last = now
    return round(total + last)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--machine", required=True)
    parser.add_argument("--minutes", required=True)
    parser.add_argument("--seed", default=SEEDS)
    parser.add_argument("--upscaler", default=str(UPSCALER))
    parser.add_argument("--notes", default=str(HERE / "sheet-notes.md"))
    a = parser.parse_args()
    write(a.machine, a.minutes, a.seed, Path(a.upscaler), Path(a.notes))


def write(machine: str, minutes, seed, upscaler: Path, notes: Path) -> None:
    manifest = json.loads((PACK / "model.json").read_text())
    vocabulary = json.loads((PACK / "vocabulary.json").read_text())
    judge = json.loads((PACK / "scene-parser.json").read_text())["trained"]
    report = json.loads((PACK / "evaluation.json").read_text())
    clip = json.loads((PACK / "house-clip.json").read_text())["trained"]
    trained, settings = manifest["trained"], report["settings"]
    files = {file["file"]: file["bytes"] for c in manifest["components"].values() for file in (c, *c.get("data", []))}
    size = sum(files.values()) / 1e6
    lines = [
        f"# {manifest['name']} {manifest['version']}", "",
        "Draws small illustrated scenes from a closed vocabulary: named objects in three drawing styles, colours, counts up to",
        "three, places, time of day, weather, and looks such as watercolour or blueprint. It follows maps and reference pictures, repaints, and edits by",
        "instruction. It works at 64 px and enlarges to 256 px. It is not a photo model: it never saw a photograph, it cannot write text",
        "and it does not draw people.", "",
        "## What it is", "",
        "- Core: single-stream diffusion transformer, 7 blocks of width 192, 8 px patches, 4.2 M parameters, with a 1.1 M text encoder",
        "  trained together with it. Flow matching, predicts x0, and for 1 to 4 steps its flow map, guidance included. Upscaler: residual convolution network, 0.32 M parameters.",
        f"- Files: {size:.1f} MB in all; matrices stored as int8 and restored to float32 at load"
        f"{', or multiplied as they are by denoiser-int8.onnx' if 'denoiserInt8' in manifest['components'] else ''}.",
        f"- Tasks: {', '.join(manifest['tasks'])}. A reference picture is seen by the house-CLIP, whose states of its patches a",
        "  small encoder of 1.0 M parameters turns into 16 rows for the core; it goes with every task but editing.",
        f"- Vocabulary: {len(vocabulary['concepts'])} concepts, {len(vocabulary['colors'])} colour words, {len(vocabulary['plainColors'])} plain backgrounds and 13 places.",
        "  Other words still give a picture, of something near or of nothing; the studio says so.", "",
        "## Training", "",
        f"- {trained['samples']:,} samples ({trained['steps']:,} steps of 32, and of 64 from sample 146,112 on) in {minutes} minutes on {machine}, seed {seed}, {trained['date']}.",
        f"- Evaluation loss {trained['evalLoss']} (velocity-weighted x0 error on 128 fixed composed scenes, times spread evenly over 0..1,",
        "  weights up to 1/0.25², averaged weights).",
        "- Recipe: models/training/core/train.py (Muon 0.012 and AdamW 0.001, bf16 autocast, average weights 0.998, flat rate then linear decay).",
        "  The run ends at a wall-clock time, so the same seed gives the same data but not the same number of steps.",
        "- The recipe was changed twice on the way: the first 9,600 samples had 72 concepts and fewer single objects; the first 46,400 drew",
        "  times lower (logit mean 0.5, weights up to 1/0.05²). A run from nothing uses today's recipe throughout.",
        "- The first 69,792 samples ended with a decay of the rate to 2 % (0.2.0); the run went on from there at the full rate to",
        "  113,600 samples (0.2.1 is of 110,400), then with a second decay to 2 % at 146,112 (0.3.0). Then it went on from the stored weights of",
        "  0.3.0, at the full rate and with a third decay, with reference pictures, looks and three times as many edits.",
        "- Mixture since then: 63.5 % text to image, 12 % repaint, 14.5 % edge, depth, segmentation and scribble, 10 % edit, and a reference picture in",
        "  12 % of the batches; from 282,688 on 14 % edit and references in 30 % of the batches with less said beside them, from 311,488 on in 40 %",
        "  and mostly of painted things. From 362,624 on it learned its flow map besides (core/flow_map.py): every second batch (two of three at first)",
        "  is jumps between states of guided pictures that the weights of 0.4.0 drew in 8 steps; those are not counted as samples. 8 % of the scenes in one of eight looks (data/looks.py); text dropped in 10 %.",
        "- From 485,760 on, at the full rate again: references through the house-CLIP, mirror images in water and on wet streets, 17 % edit, and more",
        "  scenes with weather, several of a kind, and flat and cartoon drawings (`MIXTURE` in core/batches.py). From 589,504 on again every second batch",
        "  is jumps, of pictures that the weights of 589,504 samples drew, with a decay of the rate to 2 % at the end.",
        "", "## Data and licences", "",
        "Scenes are drawn by models/training/data from procedural backgrounds and these drawings (see NOTICE):",
        "Microsoft Fluent Emoji 3D and flat (MIT), Google Noto Emoji (Apache-2.0). No photographs, no people, no scraped pictures.",
        "About 3 % of concept–colour and concept–relation–concept combinations, chosen by a hash, are in no training scene.",
        "Recoloured and placed sprites are close copies of that artwork, and so are good samples. The upscaler also saw drawings of openclipart (public",
        "domain), dead leaves with generated textures, gradients, text and noise.", "",
    ]
    lines += goals(report)
    lines += [
        "## Measured", "",
        f"`npx gesso evaluate house-image` with {settings['prompts']} prompts, {settings['steps']} steps and guidance {settings['guidanceScale']}: {report['seconds']:.0f} s on {report['machine']},",
        f"{report['date'][:10]}. The prompts, their scenes and the maps are in models/fixtures/house/evaluation; seeds start at 1000. Scenes are read by",
        f"scene-parser.onnx, a convolution network trained on {judge['pictures']:,} composed scenes in {judge['minutes']} minutes (models/training/parser). On 2,048 fresh",
        f"composed scenes it is right about {', '.join(f'{k} {v:.3f}' for k, v in judge['accuracy'].items())}.",
        f"Nearness to prompts and to reference pictures is read by the house-CLIP, trained on {clip['pictures']:,} pictures in {clip['minutes']} minutes",
        f"(models/training/clip). On composed scenes: {', '.join(f'{k} {v:.3f}' for k, v in clip['accuracy'].items())}.", "", *tables(report)]
    lines += eight_bits(report)
    if upscaler.exists():
        u = json.loads(upscaler.read_text())
        lines += ["### Upscaler, as trained", "",
                  f"On 40 unseen pictures, 24 of them scenes, 64 to 256 px: {u['psnr']} dB (bicubic {u['psnrBicubic']} dB); from blurred, noisy input with patch",
                  f"seams: {u['psnrDegraded']} dB (bicubic {u['psnrBicubicDegraded']} dB). The last training had {u['step']:,} steps.", ""]
    lines += ["## What the sheet looks like", "", "![64 prompts](sheet.webp)", "",
              "The prompts of models/fixtures/house/evaluation/sheet.txt, seeds 1000 to 1063, made and enlarged by the TypeScript pipeline.", ""]
    first, _, text = notes.read_text().partition("\n")
    # Somebody wrote the notes while looking at one version's sheet: they say nothing about another.
    if first.strip() == f"<!-- {manifest['version']} -->":
        lines += [text.strip(), ""]
    lines += ["## Tasks, before and after", "", "Drawn by `npx gesso sheets`: control maps, and everything that starts from a picture.", "",
              "![control maps](controls.webp)", "", "![tasks](tasks.webp)", ""]
    (PACK / "MODEL_CARD.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
