import type { StrokePoint } from './stroke-points.ts';

/** What a brush leaves between two samples: a capsule whose radius changes evenly from one end to the other. */
export interface Dab {
  readonly x0: number;
  readonly y0: number;
  readonly r0: number;
  readonly x1: number;
  readonly y1: number;
  readonly r1: number;
}

/** Part of the full diameter that the lightest touch still paints. */
const lightestTouch = 0.15;

/**
 * The dabs of a stroke, in order. A single point gives one round dab. Samples nearer than an eighth of the local radius
 * (at least half a pixel) to the last kept one are skipped, the final sample never: a 500-px brush does not need a
 * capsule every pixel, since each would lie almost wholly inside its neighbour.
 *
 * Only IEEE double `+ − × ÷`, comparison and rounding are used here and in the coverage, so that every JavaScript engine
 * and CPU gives the same bytes.
 */
export function strokeDabs(points: readonly StrokePoint[], size: number): readonly Dab[] {
  const first = points[0];
  if (first === undefined) return [];
  const dabs: Dab[] = [];
  let x0 = first.x;
  let y0 = first.y;
  let r0 = radiusAt(first, size);
  for (let i = 1; i < points.length; i += 1) {
    const point = points[i];
    if (point === undefined) break;
    const r1 = radiusAt(point, size);
    const gap = Math.max(0.5, Math.min(r0, r1) / 8);
    const dx = point.x - x0;
    const dy = point.y - y0;
    const isLast = i === points.length - 1;
    if (!isLast && dx * dx + dy * dy < gap * gap) continue;
    dabs.push({ x0, y0, r0, x1: point.x, y1: point.y, r1 });
    x0 = point.x;
    y0 = point.y;
    r0 = r1;
  }
  if (dabs.length === 0) dabs.push({ x0, y0, r0, x1: x0, y1: y0, r1: r0 });
  return dabs;
}

/** Radius in layer pixels that a brush of diameter `size` has under this pressure. */
export function radiusAt(point: StrokePoint, size: number): number {
  return (size / 2) * (lightestTouch + (1 - lightestTouch) * point.pressure);
}

/** Part of the canvas a dab can touch, in whole pixels: [left, top, right, bottom), half a pixel of edge included. */
export function dabBounds(dab: Dab): readonly [number, number, number, number] {
  const r = Math.max(dab.r0, dab.r1) + 0.5;
  return [
    Math.floor(Math.min(dab.x0, dab.x1) - r),
    Math.floor(Math.min(dab.y0, dab.y1) - r),
    Math.ceil(Math.max(dab.x0, dab.x1) + r),
    Math.ceil(Math.max(dab.y0, dab.y1) + r),
  ];
}

/** A rectangle of 8-bit samples and where its first one lies on the layer. */
export interface Raster {
  readonly data: Uint8Array;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Raises `coverage` to what the dab covers, 255 = fully. The value of a pixel depends on its place on the layer only,
 * never on where the raster begins, so any tiling gives the same picture.
 *
 * The edge falls off as smoothstep over `max(1 px, (1 − hardness) · radius)`, inwards from half a pixel outside the radius.
 */
export function coverDab(coverage: Raster, dab: Dab, hardness: number): void {
  const [dabLeft, dabTop, dabRight, dabBottom] = dabBounds(dab);
  const left = Math.max(dabLeft, coverage.left);
  const right = Math.min(dabRight, coverage.left + coverage.width);
  const top = Math.max(dabTop, coverage.top);
  const bottom = Math.min(dabBottom, coverage.top + coverage.height);
  if (left >= right || top >= bottom) return;
  const { data } = coverage;
  const bx = dab.x1 - dab.x0;
  const by = dab.y1 - dab.y0;
  const lengthSquared = bx * bx + by * by;
  const growth = dab.r1 - dab.r0;
  const softness = 1 - hardness;
  for (let y = top; y < bottom; y += 1) {
    const dy = y + 0.5 - dab.y0;
    let at = (y - coverage.top) * coverage.width + (left - coverage.left);
    for (let x = left; x < right; x += 1, at += 1) {
      const before = data[at] ?? 0;
      if (before === 255) continue;
      const dx = x + 0.5 - dab.x0;
      let t = lengthSquared === 0 ? 0 : (dx * bx + dy * by) / lengthSquared;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      const ex = dx - t * bx;
      const ey = dy - t * by;
      const distanceSquared = ex * ex + ey * ey;
      const reach = dab.r0 + t * growth + 0.5;
      if (distanceSquared >= reach * reach) continue;
      const fall = (reach - 0.5) * softness;
      const width = fall > 1 ? fall : 1;
      const core = reach - width;
      if (core > 0 && distanceSquared <= core * core) {
        data[at] = 255;
        continue;
      }
      // IEEE 754 requires sqrt to be correctly rounded, and every engine compiles Math.sqrt to that instruction.
      let s = (reach - Math.sqrt(distanceSquared)) / width;
      s = s > 1 ? 1 : s;
      const value = Math.floor(s * s * (3 - 2 * s) * 255 + 0.5);
      if (value > before) data[at] = value;
    }
  }
}
