"""Sprites for the way to another machine: a third of their size as WebP, and PNG files again there.

    python models/training/latent/sprites.py pack ASSETS SPRITES        python models/training/latent/sprites.py unpack SPRITES ASSETS
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image


def convert(source: Path, target: Path, suffix: str, options: dict) -> int:
    """Every <style>/<n> picture of `source` in the other format under `target`; the number of pictures."""
    files = [p for p in sorted(source.glob("*/*")) if p.suffix in (".png", ".webp")]
    for file in files:
        out = (target / file.relative_to(source)).with_suffix(suffix)
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.open(file).convert("RGBA").save(out, **options)
    return len(files)


def main() -> None:
    command, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if command not in ("pack", "unpack"):
        raise SystemExit(__doc__)
    ways = {"pack": (".webp", {"quality": 92, "method": 4}), "unpack": (".png", {"compress_level": 1})}
    print(f"{convert(source, target, *ways[command])} sprites in {target}")


if __name__ == "__main__":
    main()
