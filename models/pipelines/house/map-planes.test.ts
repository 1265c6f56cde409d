import { describe, expect, it } from 'vitest';
import { toMapPlanes } from './map-planes.ts';

/** A map of one colour with one pixel of another. */
function mapWith(side: number, at: readonly [number, number], color = [255, 255, 255], ground = [0, 0, 0]) {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => ground[i % 3]);
  data.set(color, (at[1] * side + at[0]) * 3);
  return { width: side, height: side, data };
}

const square = { width: 64, height: 64, size: 16 };

function lit(planes: Float32Array, size = 16): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (let i = 0; i < size * size; i += 1) if (planes[i] === 1) found.push([i % size, Math.floor(i / size)]);
  return found;
}

describe('toMapPlanes', () => {
  it('keeps a line of one pixel whole, whatever it is scaled down by', () => {
    expect(lit(toMapPlanes(mapWith(64, [33, 10]), 'edge', square))).toEqual([[8, 2]]);
    expect(lit(toMapPlanes(mapWith(160, [33, 10]), 'scribble', square))).toEqual([[3, 1]]);
  });

  it('takes a coarse map cell by cell, without gaps', () => {
    expect(lit(toMapPlanes(mapWith(16, [5, 6]), 'edge', square))).toEqual([[5, 6]]);
    expect(lit(toMapPlanes(mapWith(8, [1, 1]), 'edge', square))).toEqual([
      [2, 2],
      [3, 2],
      [2, 3],
      [3, 3],
    ]);
  });

  it('drops the faintest rim of a stroke', () => {
    expect(lit(toMapPlanes(mapWith(64, [33, 10], [40, 40, 40]), 'scribble', square))).toEqual([]);
  });

  it('puts the map of a wide frame in the middle of the square, with no line outside', () => {
    const white = { width: 64, height: 32, data: new Uint8Array(64 * 32 * 3).fill(255) };
    const rows = lit(toMapPlanes(white, 'edge', { width: 64, height: 32, size: 16 })).map(([, y]) => y);
    expect([Math.min(...rows), Math.max(...rows)]).toEqual([4, 11]);
  });

  it('never mixes the colours of two regions', () => {
    const planes = toMapPlanes(mapWith(20, [9, 9], [230, 80, 80], [120, 180, 230]), 'segmentation', square);
    const reds = new Set(planes.subarray(0, 256));
    expect(
      [...reds].every(
        (value) => value === Math.fround((120 / 255) * 2 - 1) || value === Math.fround((230 / 255) * 2 - 1),
      ),
    ).toBe(true);
  });

  it('averages depth', () => {
    const planes = toMapPlanes(mapWith(64, [33, 10]), 'depth', square);
    expect(planes[2 * 16 + 8]).toBeCloseTo((1 / 16) * 2 - 1, 5);
  });
});
