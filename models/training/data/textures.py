"""Pictures of nothing in particular, for models that must treat any picture well: dead leaves, gradients, noise and text.

Networks for restoration that were trained on dead leaves alone come within 0.3 dB of those trained on photos (Achddou et al.
2025, arXiv 2504.10201). All functions return uint8 [size, size, 3].
"""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FIELDS, FIELD_SIZE = 24, 512


@functools.cache
def fields() -> np.ndarray:
    """float32 [FIELDS, 512, 512] of deviation 1: half are noise with spectrum 1/f^a (a from 0.5 to 2), half are warped stripes."""
    rng = np.random.default_rng(17)
    fy, fx = np.fft.fftfreq(FIELD_SIZE)[:, None], np.fft.rfftfreq(FIELD_SIZE)[None]
    frequency = np.maximum(np.hypot(fy, fx), 1 / FIELD_SIZE)
    out = []
    for k in range(FIELDS):
        white = np.fft.rfft2(rng.standard_normal((FIELD_SIZE, FIELD_SIZE)))
        field = np.fft.irfft2(white * frequency ** -rng.uniform(0.5, 2), (FIELD_SIZE, FIELD_SIZE))
        if k % 2:
            yy, xx = np.mgrid[0:FIELD_SIZE, 0:FIELD_SIZE]
            angle, period = rng.uniform(0, np.pi), rng.uniform(5, 40)
            wave = np.sin((xx * np.cos(angle) + yy * np.sin(angle)) * 2 * np.pi / period + field / field.std() * rng.uniform(0, 1.5))
            field = np.sign(wave) * np.abs(wave) ** rng.uniform(0.2, 1)
        out.append(((field - field.mean()) / field.std()).astype(np.float32))
    return np.stack(out)


def color(rng) -> np.ndarray:
    return rng.uniform(5, 250, 3) if rng.random() < 0.6 else np.repeat(rng.uniform(5, 250), 3) + rng.uniform(-30, 30, 3)


def dead_leaves(rng, size: int = 256, leaves: int = 250) -> np.ndarray:
    """Opaque shapes with radii of density r^-3 laid over each other (Lee, Mumford and Huang 2001), each with its own colour,
    ramp and texture; drawn at twice the size and averaged."""
    big = 2 * size
    owner = Image.new("I", (big, big), 0)
    draw = ImageDraw.Draw(owner)
    low, high = 0.012 * big, 0.45 * big
    # Inverse of the distribution function of density r^-3 between low and high; large ones first, so small ones stay in view.
    u = rng.random(leaves)
    radii = 1 / np.sqrt(u / high**2 + (1 - u) / low**2)
    radii = np.where(rng.random(leaves) < 0.12, rng.uniform(0.1, 0.45, leaves) * big, radii)
    order = np.argsort(-radii + rng.normal(0, 0.12 * big, leaves))
    for number, r in enumerate(radii[order], 1):
        x, y = rng.uniform(-0.05, 1.05, 2) * big
        kind, ratio = rng.random(), rng.uniform(0.4, 1)
        if kind < 0.45:
            draw.ellipse([x - r, y - r * ratio, x + r, y + r * ratio], fill=number)
        else:
            corners = int(rng.integers(3, 7))
            angles = rng.uniform(0, 6.28) + np.sort(rng.uniform(-0.3, 0.3, corners) + np.arange(corners) * 2 * np.pi / corners)
            draw.polygon([(x + r * np.cos(a), y + r * ratio * np.sin(a)) for a in angles], fill=number)
    index = np.asarray(owner)
    colors = np.stack([color(rng) for _ in range(leaves + 1)]).astype(np.float32)
    ramps = rng.normal(0, 45, (leaves + 1, 2)).astype(np.float32) * (rng.random((leaves + 1, 1)) < 0.7)
    strength = np.abs(rng.normal(0, 22, leaves + 1)).astype(np.float32) * (rng.random(leaves + 1) < 0.65)
    yy, xx = np.mgrid[0:big, 0:big].astype(np.float32) / big - 0.5
    light = ramps[index, 0] * xx + ramps[index, 1] * yy
    # Four textures a picture, chosen per leaf: cheaper than one each, and neighbours still differ.
    which = rng.integers(0, 4, leaves + 1)[index]
    for k in range(4):
        field = np.roll(fields()[int(rng.integers(FIELDS))], tuple(rng.integers(0, FIELD_SIZE, 2)), (0, 1))
        field = np.tile(field, (-(-big // FIELD_SIZE),) * 2)[:big, :big]
        light = light + np.where(which == k, strength[index] * field, 0)
    out = colors[index] + light[..., None]
    out = out.reshape(size, 2, size, 2, 3).mean((1, 3))
    return np.clip(out, 0, 255).astype(np.uint8)


def gradient(rng, size: int = 256) -> np.ndarray:
    """A smooth blend between four corner colours, or rings around a point, sometimes with fine grain."""
    k = np.linspace(0, 1, size, dtype=np.float32)
    a, b, c, d = (color(rng) for _ in range(4))
    if rng.random() < 0.6:
        top, bottom = k[:, None] * (b - a) + a, k[:, None] * (d - c) + c
        out = top[None] * (1 - k[:, None, None]) + bottom[None] * k[:, None, None]
    else:
        cx, cy = rng.random(2)
        r = np.hypot(k[None] - cx, k[:, None] - cy)[..., None] * rng.uniform(0.6, 1.6)
        out = a + (b - a) * np.clip(r, 0, 1)
    if rng.random() < 0.4:
        out = out + rng.normal(0, rng.uniform(1, 12), (size, size, 1 if rng.random() < 0.5 else 3))
    return np.clip(out, 0, 255).astype(np.uint8)


def noise(rng, size: int = 256) -> np.ndarray:
    """One texture field in colour: two or three fields tint the channels."""
    out = np.tile(color(rng), (size, size, 1)).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        field = np.roll(fields()[int(rng.integers(FIELDS))], tuple(rng.integers(0, FIELD_SIZE, 2)), (0, 1))[:size, :size]
        out = out + field[..., None] * rng.normal(0, 22, 3)
    return np.clip(out, 0, 255).astype(np.uint8)


LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?&")


def text(rng, size: int = 256) -> np.ndarray:
    """Lines of random letters in several sizes over a gradient, with Pillow's own typeface."""
    picture = Image.fromarray(gradient(rng, size))
    draw = ImageDraw.Draw(picture)
    y = float(rng.uniform(0, 20))
    while y < size:
        height = float(rng.uniform(9, 60)) if rng.random() < 0.8 else float(rng.uniform(60, 150))
        words = " ".join("".join(rng.choice(LETTERS, int(rng.integers(2, 9)))) for _ in range(8))
        fill = tuple(int(v) for v in np.clip(color(rng), 0, 255))
        draw.text((float(rng.uniform(-10, 40)), y), words, fill=fill, font=ImageFont.load_default(height))
        y += height * float(rng.uniform(1, 1.6))
    return np.asarray(picture)
