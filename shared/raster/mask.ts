import { type Stroke, tileSize } from '../document/schema.ts';
import { coverDab, type Dab, dabBounds, type Raster, strokeDabs } from './brush.ts';
import { unpackStroke } from './stroke-points.ts';

/** Tiles of a mask by "column,row": 256 × 256 bytes, row by row, 255 = fully masked. A tile that is missing is empty. */
export type MaskTiles = Map<string, Uint8Array>;

/** Whole pixels of a layer. */
export interface PixelBounds {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How the samples of a stroke meet what is below them. */
export type StrokeBrush = Pick<Stroke, 'tool' | 'size' | 'opacity' | 'hardness'>;

export function tileKey(column: number, row: number): string {
  return `${column},${row}`;
}

/** Column and row of a key made by `tileKey`. */
export function parseTileKey(key: string): readonly [number, number] {
  const comma = key.indexOf(',');
  return [Number(key.slice(0, comma)), Number(key.slice(comma + 1))];
}

/**
 * Paints one stroke over `tiles` and returns the keys of the tiles it changed. Changes tiles in place and adds missing
 * ones; a caller that shares its tiles passes copies. An eraser makes no new tiles.
 *
 * Within one stroke coverage is the maximum of its dabs times the stroke's opacity, then it goes over what is there:
 * brush a + c·(1 − a), eraser a·(1 − c), in 8-bit integers.
 */
export function rasteriseStroke(tiles: MaskTiles, stroke: Stroke): ReadonlySet<string> {
  const dabs = strokeDabs(unpackStroke(stroke.points), stroke.size);
  const changed = new Set<string>();
  const data = new Uint8Array(tileSize * tileSize);
  for (const [key, touching] of dabsByTile(dabs)) {
    if (stroke.tool === 'eraser' && !tiles.has(key)) continue;
    const [column, row] = parseTileKey(key);
    const coverage: Raster = {
      data: data.fill(0),
      left: column * tileSize,
      top: row * tileSize,
      width: tileSize,
      height: tileSize,
    };
    for (const dab of touching) coverDab(coverage, dab, stroke.hardness);
    let tile = tiles.get(key);
    if (tile === undefined) {
      tile = new Uint8Array(tileSize * tileSize);
      tiles.set(key, tile);
    }
    if (applyCoverage(tile, data, stroke)) changed.add(key);
  }
  return changed;
}

/**
 * The alpha of a part of a mask, `bounds.width · bounds.height` bytes: baked tiles with the tail of strokes painted over
 * them in order. Reads its input only. Equal bytes in browser, worker and baker.
 */
export function rasteriseMask(
  tiles: ReadonlyMap<string, Uint8Array>,
  strokes: readonly Stroke[],
  bounds: PixelBounds,
): Uint8Array {
  const alpha = copyTiles(tiles, bounds);
  const coverage: Raster = { ...bounds, data: new Uint8Array(alpha.length) };
  for (const stroke of strokes) {
    const dabs = strokeDabs(unpackStroke(stroke.points), stroke.size).filter((dab) => meets(dab, bounds));
    if (dabs.length === 0) continue;
    coverage.data.fill(0);
    for (const dab of dabs) coverDab(coverage, dab, stroke.hardness);
    applyCoverage(alpha, coverage.data, stroke);
  }
  return alpha;
}

/** Turns a mask around: 255 − a, in a new array. */
export function invertAlpha(alpha: Uint8Array): Uint8Array {
  return alpha.map((value) => 255 - value);
}

/**
 * Lays a stroke's coverage over `alpha` (equal sizes), in place. Returns whether a byte changed. The products are exact
 * integers, (v + 127) / 255 rounds them to nearest.
 */
export function applyCoverage(
  alpha: Uint8Array,
  coverage: Uint8Array,
  brush: Pick<StrokeBrush, 'tool' | 'opacity'>,
): boolean {
  const opacity = Math.floor(brush.opacity * 255 + 0.5);
  const erases = brush.tool === 'eraser';
  let changed = false;
  for (let i = 0; i < alpha.length; i += 1) {
    const covered = coverage[i] ?? 0;
    if (covered === 0) continue;
    const before = alpha[i] ?? 0;
    const c = Math.floor((covered * opacity + 127) / 255);
    const after = erases
      ? Math.floor((before * (255 - c) + 127) / 255)
      : before + Math.floor(((255 - before) * c + 127) / 255);
    if (after !== before) {
      alpha[i] = after;
      changed = true;
    }
  }
  return changed;
}

/** Which tiles each dab can touch, in the order of the dabs. */
function dabsByTile(dabs: readonly Dab[]): ReadonlyMap<string, readonly Dab[]> {
  const found = new Map<string, Dab[]>();
  for (const dab of dabs) {
    const [left, top, right, bottom] = dabBounds(dab);
    for (let row = Math.floor(top / tileSize); row * tileSize < bottom; row += 1) {
      for (let column = Math.floor(left / tileSize); column * tileSize < right; column += 1) {
        if (!reachesTile(dab, column, row)) continue;
        const key = tileKey(column, row);
        const list = found.get(key);
        if (list === undefined) found.set(key, [dab]);
        else list.push(dab);
      }
    }
  }
  return found;
}

/** Whether a dab can come within the circle around a tile. Keeps one long diagonal line from naming a square of tiles. */
function reachesTile(dab: Dab, column: number, row: number): boolean {
  const half = tileSize / 2;
  const dx = (column + 0.5) * tileSize - dab.x0;
  const dy = (row + 0.5) * tileSize - dab.y0;
  const bx = dab.x1 - dab.x0;
  const by = dab.y1 - dab.y0;
  const lengthSquared = bx * bx + by * by;
  const t = lengthSquared === 0 ? 0 : Math.max(0, Math.min(1, (dx * bx + dy * by) / lengthSquared));
  const ex = dx - t * bx;
  const ey = dy - t * by;
  const reach = Math.max(dab.r0, dab.r1) + 1 + half * 1.4143;
  return ex * ex + ey * ey < reach * reach;
}

function meets(dab: Dab, bounds: PixelBounds): boolean {
  const [left, top, right, bottom] = dabBounds(dab);
  return (
    left < bounds.left + bounds.width &&
    right > bounds.left &&
    top < bounds.top + bounds.height &&
    bottom > bounds.top
  );
}

function copyTiles(tiles: ReadonlyMap<string, Uint8Array>, bounds: PixelBounds): Uint8Array {
  const alpha = new Uint8Array(bounds.width * bounds.height);
  const right = bounds.left + bounds.width;
  const bottom = bounds.top + bounds.height;
  for (let row = Math.floor(bounds.top / tileSize); row * tileSize < bottom; row += 1) {
    for (let column = Math.floor(bounds.left / tileSize); column * tileSize < right; column += 1) {
      const tile = tiles.get(tileKey(column, row));
      if (tile === undefined) continue;
      const fromX = Math.max(bounds.left, column * tileSize);
      const toX = Math.min(right, (column + 1) * tileSize);
      const fromY = Math.max(bounds.top, row * tileSize);
      const toY = Math.min(bottom, (row + 1) * tileSize);
      for (let y = fromY; y < toY; y += 1) {
        const start = (y - row * tileSize) * tileSize + (fromX - column * tileSize);
        alpha.set(
          tile.subarray(start, start + toX - fromX),
          (y - bounds.top) * bounds.width + fromX - bounds.left,
        );
      }
    }
  }
  return alpha;
}
