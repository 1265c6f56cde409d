"""Turns a core checkpoint into the next version of the house pack, or refuses:

    python models/training/finish.py --core /work/train/core/ema.pt --version 0.3.0 [--try-out FOLDER]

Exports into a scratch copy of the pack, measures that copy with `gesso evaluate`, and replaces the committed pack, its golden files, its
evaluations, sheets and MODEL_CARD.md only when the evaluation loss is lower and the composition is better than what the committed
evaluation.json says. --try-out leaves the repository alone and keeps the result in FOLDER. Afterwards look at sheet.webp, write what
you see into export/sheet-notes.md under the new version, and run export/card.py (or this again) for the card.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE / "export")]
import card

GOLDEN = ROOT / "models" / "fixtures" / "house"
ASPECTS = ["object", "two objects", "object and its colour", "object and number", "objects and relation", "background", "everything asked"]


def composition(report: dict) -> float:
    """The mean of what the parser finds, over the questions that a reader cares about."""
    found = [card.value(report, "Composition", name) for name in ASPECTS]
    return sum(v for v in found if v is not None) / sum(v is not None for v in found)


def run(*command: str) -> None:
    begin = time.time()
    subprocess.run(command, cwd=ROOT, check=True)
    print(f"({time.time() - begin:.0f} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--upscaler", default=None)
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--machine", default="2 CPU cores shared with other jobs")
    parser.add_argument("--minutes", default=None, help="of training; read from log.jsonl beside the core when absent")
    parser.add_argument("--seed", default=card.SEEDS)
    parser.add_argument("--try-out", default=None)
    a = parser.parse_args()
    scratch = Path(a.try_out) if a.try_out else Path(tempfile.mkdtemp())
    pack, golden = scratch / "house-image", scratch / "golden"
    shutil.copytree(card.PACK, pack, dirs_exist_ok=True)
    # The same file all the way: a training that still runs replaces its checkpoint every few minutes.
    core = scratch / "core.pt"
    shutil.copy(a.core, core)
    export = [sys.executable, str(HERE / "export" / "export.py"), "--core", str(core), "--version", a.version, "--pack", str(pack), "--golden", str(golden)]
    run(*export, *(["--upscaler", a.upscaler] if a.upscaler else []))
    run(sys.executable, str(HERE / "export" / "abilities.py"), str(pack), str(golden))
    run("node", "scripts/bootstrap.mjs", "evaluate", str(pack), "--prompts", str(a.prompts), "--out", str(scratch / "evaluation"))
    after = json.loads((scratch / "evaluation" / "results.json").read_text())
    before = json.loads((card.PACK / "evaluation.json").read_text())
    old, new = composition(before), composition(after)
    print(f"evaluation loss {before['pack']['evalLoss']} -> {after['pack']['evalLoss']}, composition {old:.3f} -> {new:.3f}")
    if after["parser"]["sha256"] != before["parser"]["sha256"]:
        sys.exit("The committed numbers are another parser's: evaluate the committed pack again first. The pack is kept as it is.")
    if after["pack"]["evalLoss"] >= before["pack"]["evalLoss"] or new <= old:
        sys.exit("Not better than the committed pack, which is kept as it is.")
    if a.try_out:
        print(f"It would replace the committed pack; left in {scratch}")
        return
    run("node", "scripts/bootstrap.mjs", "sheets", str(pack))
    fast = scratch / "evaluation-int8"
    run("node", "scripts/bootstrap.mjs", "evaluate", str(pack), "--prompts", str(a.prompts), "--only", "composition", "--arithmetic", "int8", "--out", str(fast))
    shutil.copy(fast / "results.json", pack / "evaluation-int8.json")
    shutil.copy(scratch / "evaluation" / "results.json", pack / "evaluation.json")
    shutil.copy(scratch / "evaluation" / "sheet.webp", pack / "sheet.webp")
    for folder, target in ((pack, card.PACK), (golden, GOLDEN)):
        # The examples in a folder of their own stay as they are.
        for file in filter(Path.is_file, folder.iterdir()):
            shutil.copy(file, target / file.name)
    log = Path(a.core).parent / "log.jsonl"
    minutes = a.minutes or (card.minutes_of(log) if log.exists() else "an unknown number of")
    upscaler = Path(a.upscaler).parent / "metrics.json" if a.upscaler else card.UPSCALER
    card.write(a.machine, minutes, a.seed, upscaler, HERE / "export" / "sheet-notes.md")
    print(f"{card.PACK.name} is {a.version} now; look at {card.PACK / 'sheet.webp'} before you commit it")


if __name__ == "__main__":
    main()
