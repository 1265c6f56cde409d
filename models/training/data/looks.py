"""Looks that a finished picture is turned into: eight ways of drawing, each a filter of the pixels.

Every filter takes uint8 [S, S, 3] and returns the same; marks are laid out in shares of S, so a look is the same at every size.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.spatial import Delaunay, cKDTree

LOOKS = ["pixel art", "watercolor", "pencil", "oil", "stained glass", "low poly", "neon", "blueprint"]
# Fog and rain leave outlines too weak for looks that are made of outlines.
LINE_LOOKS = {"pencil", "neon", "blueprint"}


def luminance(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255


def outlines(image: np.ndarray) -> np.ndarray:
    """0 … 1 [S, S]: strength of the steepest colour step at each pixel."""
    smooth = gaussian_filter(image.astype(np.float32) / 255, (0.6 * image.shape[0] / 64,) * 2 + (0,))
    steep = np.maximum(np.abs(np.gradient(smooth, axis=0)).max(-1), np.abs(np.gradient(smooth, axis=1)).max(-1)) * image.shape[0] / 64
    return np.clip((steep - 0.04) * 6, 0, 1)


def saturate(image: np.ndarray, amount: float) -> np.ndarray:
    gray = luminance(image)[..., None] * 255
    return np.clip(gray + (image.astype(np.float32) - gray) * amount, 0, 255)


def pixel_art(image: np.ndarray, rng) -> np.ndarray:
    size = image.shape[0]
    small = Image.fromarray(image).resize((32, 32), Image.BOX).quantize(20, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    return np.asarray(small.resize((size, size), Image.NEAREST))


def watercolor(image: np.ndarray, rng) -> np.ndarray:
    size = image.shape[0]
    soft = np.asarray(Image.fromarray(image).filter(ImageFilter.MedianFilter(3 if size < 128 else 7))).astype(np.float32)
    wash = gaussian_filter(rng.standard_normal((16, 16)).astype(np.float32), 1.2)
    wash = np.asarray(Image.fromarray(wash).resize((size, size), Image.BICUBIC))[..., None]
    pale = 255 - (255 - saturate(soft.astype(np.uint8), 1.15)) * np.clip(0.74 + 0.3 * wash, 0.5, 0.95)
    return np.clip(pale - 46 * outlines(image)[..., None], 0, 255).astype(np.uint8)


def pencil(image: np.ndarray, rng) -> np.ndarray:
    size = image.shape[0]
    tone = luminance(image)
    yy, xx = np.mgrid[0:size, 0:size] * (64 / size)
    hatch = (np.sin((xx + yy) * 1.9) > 0.1) * (tone < 0.62) * 0.2 + (np.sin((xx - yy) * 1.9) > 0.1) * (tone < 0.36) * 0.24
    paper = 0.95 - 0.14 * (1 - tone) - hatch - 0.7 * outlines(image)
    return (np.clip(paper, 0.1, 1)[..., None] * np.array([250, 248, 242], np.float32)).astype(np.uint8)


def oil(image: np.ndarray, rng) -> np.ndarray:
    """Kuwahara et al. 1976: of the four windows that touch a pixel, the mean of the one with the least variance."""
    x = image.astype(np.float32)
    reach = max(2, image.shape[0] // 28)
    mean = uniform_filter(x, (reach, reach, 1))
    spread = (uniform_filter(x * x, (reach, reach, 1)) - mean * mean).sum(-1)
    half = reach // 2 + 1
    rows = np.arange(image.shape[0])
    corners = [np.ix_(np.clip(rows + dy, 0, rows[-1]), np.clip(rows + dx, 0, rows[-1])) for dy in (-half, half) for dx in (-half, half)]
    spreads, means = np.stack([spread[c] for c in corners]), np.stack([mean[c] for c in corners])
    best = spreads.argmin(0)
    return saturate(np.take_along_axis(means, best[None, ..., None], 0)[0].astype(np.uint8), 1.35).astype(np.uint8)


def cells(image: np.ndarray, count: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Nearest and second nearest distance difference [S, S], and the mean colour of each pixel's Voronoi cell."""
    size = image.shape[0]
    side = int(count ** 0.5)
    grid = (np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) + rng.uniform(0.1, 0.9, (side * side, 2))) * size / side
    yy, xx = np.mgrid[0:size, 0:size] + 0.5
    distance, index = cKDTree(grid).query(np.stack([yy, xx], -1).reshape(-1, 2), k=2)
    owner = index[:, 0]
    flat = image.reshape(-1, 3).astype(np.float32)
    total = np.stack([np.bincount(owner, flat[:, c], len(grid)) for c in range(3)], -1) / np.maximum(np.bincount(owner, minlength=len(grid)), 1)[:, None]
    return (distance[:, 1] - distance[:, 0]).reshape(size, size), total[owner].reshape(size, size, 3)


def stained_glass(image: np.ndarray, rng) -> np.ndarray:
    gap, colors = cells(image, 144, rng)
    lead = np.clip(gap * 64 / image.shape[0] - 0.5, 0, 1)[..., None]
    return np.clip(saturate(colors.astype(np.uint8), 1.5) * 1.08 * lead + 18 * (1 - lead), 0, 255).astype(np.uint8)


def low_poly(image: np.ndarray, rng) -> np.ndarray:
    size = image.shape[0]
    weight = outlines(image).reshape(-1) + 0.04
    chosen = rng.choice(size * size, 150, replace=False, p=weight / weight.sum())
    rim = np.linspace(0, size - 1, 6)
    points = np.concatenate([np.stack([chosen % size, chosen // size], -1), *[np.stack(pair, -1) for pair in (
        (rim, 0 * rim), (rim, 0 * rim + size - 1), (0 * rim, rim), (0 * rim + size - 1, rim))]]).astype(np.float32)
    points = points + rng.uniform(0, 1e-3, points.shape)
    picture = Image.new("RGB", (size * 2, size * 2))
    draw = ImageDraw.Draw(picture)
    for corners in points[Delaunay(points).simplices]:
        x, y = np.clip(corners.mean(0), 0, size - 1).astype(int)
        draw.polygon([tuple(c * 2 + 1) for c in corners], fill=tuple(int(v) for v in image[max(0, y - 1):y + 2, max(0, x - 1):x + 2].mean((0, 1))))
    return np.asarray(picture.resize((size, size), Image.BOX))


def neon(image: np.ndarray, rng) -> np.ndarray:
    line = outlines(image)[..., None]
    bright = saturate(image, 1.8)
    bright = bright / np.maximum(bright.max(-1, keepdims=True), 60) * 255
    glow = gaussian_filter(line * bright, (1.6 * image.shape[0] / 64,) * 2 + (0,))
    return np.clip(np.array([14, 10, 34], np.float32) + 0.1 * image + 0.9 * glow + line * bright * 0.85, 0, 255).astype(np.uint8)


def blueprint(image: np.ndarray, rng) -> np.ndarray:
    size = image.shape[0]
    line = outlines(image)[..., None]
    grid = np.zeros((size, size, 1), np.float32)
    step = size // 8
    grid[step // 2::step] = grid[:, step // 2::step] = 0.16
    base = np.array([34, 84, 168], np.float32) + 26 * (luminance(image)[..., None] - 0.5)
    return np.clip(base + (np.array([236, 244, 255], np.float32) - base) * np.maximum(line, grid), 0, 255).astype(np.uint8)


FILTERS = {"pixel art": pixel_art, "watercolor": watercolor, "pencil": pencil, "oil": oil, "stained glass": stained_glass, "low poly": low_poly,
           "neon": neon, "blueprint": blueprint}


def apply(look: str, image: np.ndarray, seed: int) -> np.ndarray:
    """The picture in a look; the same seed lays the same marks."""
    return FILTERS[look](image, np.random.default_rng(seed))
