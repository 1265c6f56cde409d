"""Writes a contact sheet of composed scenes with their captions: python sheet.py OUT.png [SIZE] [COUNT]"""

import sys
import time

from PIL import Image, ImageDraw

from composer import Composer

if __name__ == "__main__":
    out, size = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 64
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 48
    composer = Composer(7)
    columns, cell = 8, 160
    sheet = Image.new("RGB", (columns * cell, (count + 7) // 8 * (cell + 40)), "white")
    draw = ImageDraw.Draw(sheet)
    for k in range(count):
        spec = composer.describe()
        picture = Image.fromarray(composer.render(spec, size)["image"]).resize((cell - 4, cell - 4), Image.NEAREST if size < 128 else Image.BICUBIC)
        x, y = k % columns * cell, k // columns * (cell + 40)
        sheet.paste(picture, (x, y))
        text = composer.caption(spec)
        for line in range(3):
            draw.text((x, y + cell - 3 + line * 12), text[line * 26:line * 26 + 26], fill="black")
    sheet.save(out)
    start = time.perf_counter()
    for _ in range(500):
        composer.caption(spec := composer.describe())
        composer.render(spec, 64)
    print(f"{500 / (time.perf_counter() - start):.0f} scenes/s")
