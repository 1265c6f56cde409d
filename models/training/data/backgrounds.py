"""Procedural backgrounds. Each returns an RGB picture and the height of the ground line (1 = none)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

SKY = {
    "day": ((88, 172, 244), (208, 236, 255)), "sunrise": ((150, 160, 235), (255, 208, 190)),
    "sunset": ((88, 58, 132), (252, 138, 80)), "night": ((12, 16, 46), (44, 52, 104)),
}
TINT = {"day": (1, 1, 1), "sunrise": (1, 0.92, 0.9), "sunset": (0.98, 0.76, 0.66), "night": (0.38, 0.42, 0.62)}
PLAIN = {
    "white": (250, 250, 250), "gray": (176, 180, 186), "black": (28, 28, 32), "red": (226, 84, 84), "orange": (250, 170, 96),
    "yellow": (250, 220, 104), "green": (142, 206, 140), "blue": (132, 184, 244), "purple": (180, 150, 226), "pink": (250, 180, 208),
    "brown": (164, 126, 96),
}
VARIANTS = 10


def gradient(size: int, top, bottom, y0: float = 0, y1: float = 1) -> np.ndarray:
    k = np.clip((np.arange(size) / size - y0) / max(1e-6, y1 - y0), 0, 1)[:, None, None]
    row = np.array(top, np.float32) * (1 - k) + np.array(bottom, np.float32) * k
    return np.broadcast_to(row, (size, size, 3)).copy()


def tinted(color, time: str):
    return tuple(int(c * t) for c, t in zip(color, TINT[time]))


def draw_background(name: str, variant: int, time: str, plain_color: str, size: int) -> tuple[np.ndarray, float]:
    """uint8 [size,size,3] and the ground line in 0..1; the same arguments always give the same picture."""
    rng = np.random.default_rng([variant, sum(map(ord, name))])
    big = size * 2
    horizon = 0.58 + 0.06 * (rng.random() - 0.5)
    if name == "plain":
        base = np.array(PLAIN[plain_color], np.float32)
        return (np.clip(gradient(size, base * 1.02, base * 0.96), 0, 255)).astype(np.uint8), 1.0
    if name == "underwater":
        field = gradient(big, (70, 196, 232), (10, 62, 130))
        image = Image.fromarray(field.astype(np.uint8))
        d = ImageDraw.Draw(image, "RGBA")
        for _ in range(4):
            x = rng.random() * big
            w = big * (0.04 + 0.05 * rng.random())
            d.polygon([(x, 0), (x + w, 0), (x + w * 3 - big * 0.2, big * 0.8), (x - big * 0.2, big * 0.8)], fill=(255, 255, 255, 22))
        y = big * 0.9
        d.polygon([(0, big), (0, y), *[(big * k / 12, y - big * 0.025 * np.sin(k * 0.9 + variant)) for k in range(13)], (big, big)], fill=(222, 200, 130, 255))
        for _ in range(5):
            x = rng.choice([0.06, 0.12, 0.88, 0.94]) * big + rng.normal() * big * 0.02
            h = big * (0.12 + 0.14 * rng.random())
            d.line([(x + np.sin(k * 1.3) * big * 0.012, big * 0.93 - h * k / 8) for k in range(9)], fill=(40, 150, 90, 255), width=max(2, big // 45))
        return np.asarray(image.resize((size, size), Image.BOX)), 1.0
    if name == "space":
        yy, xx = np.mgrid[0:big, 0:big] / big
        glow = np.exp(-((xx - rng.random()) ** 2 + (yy - rng.random()) ** 2) / 0.12)[..., None]
        field = np.array((20, 12, 44), np.float32) + glow * np.array((74, 26, 96), np.float32)
        image = Image.fromarray(field.astype(np.uint8))
        d = ImageDraw.Draw(image)
        for _ in range(46):
            x, y = rng.random(2) * big
            r = big * (0.003 + 0.006 * rng.random() ** 3)
            d.ellipse([x - r, y - r, x + r, y + r], fill=(255, 255, 240))
        px, py, r = big * (0.14 if variant % 2 else 0.86), big * (0.14 + 0.05 * rng.random()), big * 0.075
        planet = [(240, 180, 100), (120, 180, 240), (230, 130, 150)][variant % 3]
        d.ellipse([px - r, py - r, px + r, py + r], fill=planet)
        d.line([(px - r * 1.7, py + r * 0.5), (px + r * 1.7, py - r * 0.5)], fill=(250, 224, 180), width=max(2, big // 60))
        return np.asarray(image.resize((size, size), Image.BOX)), 1.0
    if name in ("table", "room"):
        wall = [(236, 226, 200), (214, 230, 236), (240, 216, 214), (220, 232, 208), (248, 238, 190), (226, 220, 240)][variant % 6]
        line = 0.64 if name == "table" else 0.7
        image = Image.new("RGB", (big, big), wall)
        d = ImageDraw.Draw(image)
        if name == "table":
            d.rectangle([0, big * line, big, big], fill=(178, 120, 72))
            d.rectangle([0, big * line, big, big * (line + 0.025)], fill=(206, 150, 98))
            for k in range(1, 4):
                y = big * (line + 0.025 + k * 0.09)
                d.line([(0, y), (big, y)], fill=(158, 102, 60), width=max(1, big // 90))
        else:
            d.rectangle([0, big * line, big, big], fill=(196, 148, 104))
            d.rectangle([0, big * (line - 0.02), big, big * line], fill=(250, 246, 238))
            left = variant % 2 == 0
            wx = 0.66 if left else 0.1
            d.rectangle([big * wx, big * 0.12, big * (wx + 0.24), big * 0.4], fill=(255, 255, 255))
            d.rectangle([big * (wx + 0.02), big * 0.14, big * (wx + 0.22), big * 0.38], fill=(150, 208, 250))
            d.line([(big * (wx + 0.12), big * 0.14), (big * (wx + 0.12), big * 0.38)], fill=(255, 255, 255), width=max(2, big // 64))
            fx = 0.12 if left else 0.7
            d.rectangle([big * fx, big * 0.16, big * (fx + 0.18), big * 0.34], fill=(150, 96, 58))
            d.rectangle([big * (fx + 0.025), big * 0.185, big * (fx + 0.155), big * 0.315], fill=(246, 232, 206))
            d.ellipse([big * 0.18, big * 0.82, big * 0.82, big * 0.98], fill=[(206, 92, 82), (90, 130, 190), (120, 160, 110)][variant % 3])
        return np.asarray(image.resize((size, size), Image.BOX)), line

    top, bottom = SKY[time]
    image = Image.fromarray(gradient(big, top, bottom, 0, horizon if name != "sky" else 1).astype(np.uint8))
    d = ImageDraw.Draw(image, "RGBA")
    if time == "night":
        for _ in range(26):
            x, y = rng.random() * big, rng.random() * big * 0.5
            r = big * 0.006
            d.ellipse([x - r, y - r, x + r, y + r], fill=(255, 255, 235, 255))
        x, y, r = big * 0.82, big * 0.15, big * 0.065
        d.ellipse([x - r, y - r, x + r, y + r], fill=(250, 246, 214, 255))
    elif time in ("sunset", "sunrise"):
        x, y, r = big * (0.2 if variant % 2 else 0.8), big * (horizon - 0.1 if name != "sky" else 0.7), big * 0.08
        d.ellipse([x - r, y - r, x + r, y + r], fill=(255, 226, 140, 255) if time == "sunset" else (255, 240, 210, 255))
    if name == "sky" or (time == "day" and variant % 3 == 0 and name != "forest"):
        for _ in range(5 if name == "sky" else 2):
            x, y = rng.random() * big, big * (rng.random() * (0.9 if name == "sky" else 0.25) + 0.04)
            for k in range(4):
                r = big * (0.03 + 0.025 * rng.random())
                cx = x + (k - 1.5) * big * 0.045
                d.ellipse([cx - r * 1.2, y - r, cx + r * 1.2, y + r], fill=(*tinted((255, 255, 255), time), 225))
    if name == "sky":
        return np.asarray(image.resize((size, size), Image.BOX)), 1.0
    y = big * horizon

    def hills(color, height, waves, phase):
        points = [(big * k / 24, y - big * height * (0.35 + 0.65 * abs(np.sin(k / 24 * np.pi * waves + phase)))) for k in range(25)]
        d.polygon([(0, big), *points, (big, big)], fill=(*tinted(color, time), 255))

    def peaks(color, cap):
        for k in range(4):
            cx = big * (0.06 + 0.3 * k + 0.06 * rng.normal())
            h, w = big * (0.2 + 0.13 * rng.random()), big * 0.24
            d.polygon([(cx - w, y), (cx, y - h), (cx + w, y)], fill=(*tinted(color, time), 255))
            d.polygon([(cx - w * 0.3, y - h * 0.7), (cx, y - h), (cx + w * 0.3, y - h * 0.7)], fill=(*tinted(cap, time), 255))

    ground = {"meadow": ((128, 202, 84), (74, 158, 60)), "forest": ((84, 150, 66), (48, 104, 48)), "beach": ((246, 222, 158), (228, 192, 124)),
              "desert": ((240, 196, 120), (216, 158, 86)), "snow": ((244, 249, 255), (210, 226, 244)), "mountains": ((116, 176, 84), (78, 138, 66)),
              "city": ((112, 116, 124), (84, 88, 96)), "lake": ((92, 170, 226), (44, 110, 184))}[name]
    phase = rng.random() * 3
    if name == "meadow":
        hills((112, 190, 92), 0.1, 2, phase)
    elif name == "forest":
        for k in range(11):
            cx, h, w = big * (k / 10 + 0.02 * rng.normal()), big * (0.26 + 0.12 * rng.random()), big * 0.085
            d.polygon([(cx - w, y + big * 0.01), (cx, y - h), (cx + w, y + big * 0.01)], fill=(*tinted([(44, 112, 66), (34, 94, 58)][k % 2], time), 255))
    elif name == "beach":
        d.rectangle([0, y - big * 0.12, big, y], fill=(*tinted((52, 140, 206), time), 255))
    elif name == "desert":
        hills((232, 178, 104), 0.12, 1.6, phase)
    elif name == "snow":
        peaks((150, 172, 206), (255, 255, 255))
    elif name == "mountains":
        peaks((126, 134, 160), (248, 250, 255))
    elif name == "lake":
        hills((96, 166, 92), 0.11, 2.4, phase)
    elif name == "city":
        x = 0.0
        while x < 1:
            w, h = 0.09 + 0.07 * rng.random(), 0.2 + 0.26 * rng.random()
            d.rectangle([big * x, y - big * h, big * (x + w), y], fill=(*tinted([(134, 146, 170), (160, 152, 164), (118, 132, 158)][int(rng.integers(3))], time), 255))
            for wy in np.arange(0.03, h - 0.03, 0.055):
                for wx in np.arange(0.018, w - 0.02, 0.036):
                    lit = (250, 226, 140) if time == "night" and rng.random() < 0.6 else tinted((206, 222, 240), time)
                    d.rectangle([big * (x + wx), y - big * (h - wy), big * (x + wx + 0.016), y - big * (h - wy - 0.025)], fill=(*lit, 255))
            x += w + 0.008
    pixels = np.asarray(image).astype(np.float32).copy()
    band = gradient(big, tinted(ground[0], time), tinted(ground[1], time), horizon, 1)
    pixels[int(y):] = band[int(y):]
    image = Image.fromarray(pixels.astype(np.uint8))
    d = ImageDraw.Draw(image, "RGBA")
    if name == "city":
        for k in range(4):
            d.rectangle([big * (0.04 + 0.27 * k), big * 0.9, big * (0.17 + 0.27 * k), big * 0.925], fill=(*tinted((240, 240, 240), time), 255))
    if name == "lake":
        for k in range(10):
            cx, cy = rng.random() * big, big * (horizon + 0.04 + (0.94 - horizon) * rng.random())
            d.line([(cx, cy), (cx + big * 0.1, cy)], fill=(255, 255, 255, 70), width=max(1, big // 90))
    return np.asarray(image.resize((size, size), Image.BOX)), horizon
