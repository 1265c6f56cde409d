import { tileSize } from '../document/schema.ts';
import { coverDab, type Dab, dabBounds, radiusAt, strokeDabs } from './brush.ts';
import { type MaskTiles, parseTileKey, type StrokeBrush, tileKey } from './mask.ts';
import { quantisePoint, type StrokePoint } from './stroke-points.ts';

/**
 * Live ink: the coverage of a stroke that is still being drawn, kept in tiles and raised as points come in. Only the new
 * dabs are painted, so the cost of a frame does not grow with the length of the stroke.
 */
export interface StrokePainter {
  readonly brush: StrokeBrush;
  /** Coverage so far (before the stroke's opacity), by tile key. */
  readonly coverage: MaskTiles;
  /** How often each tile was painted, by tile key: tells who draws it whether it changed. */
  readonly revisions: ReadonlyMap<string, number>;
  /** Adds samples in layer pixels; returns the keys of the tiles that may have changed. */
  add(points: readonly StrokePoint[]): ReadonlySet<string>;
  /** Every sample so far, quantised as the stored stroke will have them. */
  points(): readonly StrokePoint[];
}

export function createStrokePainter(brush: StrokeBrush): StrokePainter {
  const coverage: MaskTiles = new Map();
  const revisions = new Map<string, number>();
  const all: StrokePoint[] = [];
  return {
    brush,
    coverage,
    revisions,
    add(points) {
      const fresh = points.map(quantisePoint);
      const last = all.at(-1);
      all.push(...fresh);
      const changed = new Set<string>();
      const path = last === undefined ? fresh : [last, ...fresh];
      for (const dab of strokeDabs(path, brush.size)) coverTiles(coverage, dab, brush.hardness, changed);
      for (const key of changed) revisions.set(key, (revisions.get(key) ?? 0) + 1);
      return changed;
    },
    points: () => all,
  };
}

/** The box that the samples of a stroke can paint: [left, top, right, bottom) in whole layer pixels; null when empty. */
export function strokeBounds(
  points: readonly StrokePoint[],
  size: number,
): readonly [number, number, number, number] | null {
  let found: readonly [number, number, number, number] | null = null;
  for (const point of points) {
    const r = radiusAt(point, size);
    const [left, top, right, bottom] = dabBounds({
      x0: point.x,
      y0: point.y,
      r0: r,
      x1: point.x,
      y1: point.y,
      r1: r,
    });
    found =
      found === null
        ? [left, top, right, bottom]
        : [
            Math.min(found[0], left),
            Math.min(found[1], top),
            Math.max(found[2], right),
            Math.max(found[3], bottom),
          ];
  }
  return found;
}

function coverTiles(coverage: MaskTiles, dab: Dab, hardness: number, changed: Set<string>): void {
  const [left, top, right, bottom] = dabBounds(dab);
  for (let row = Math.floor(top / tileSize); row * tileSize < bottom; row += 1) {
    for (let column = Math.floor(left / tileSize); column * tileSize < right; column += 1) {
      const key = tileKey(column, row);
      let data = coverage.get(key);
      if (data === undefined) {
        data = new Uint8Array(tileSize * tileSize);
        coverage.set(key, data);
      }
      const [c, r] = parseTileKey(key);
      coverDab(
        { data, left: c * tileSize, top: r * tileSize, width: tileSize, height: tileSize },
        dab,
        hardness,
      );
      changed.add(key);
    }
  }
}
