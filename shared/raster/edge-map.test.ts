import { describe, expect, it } from 'vitest';
import { edgeMapSize, makeEdgeMap } from './edge-map.ts';

function picture(side: number, colorAt: (x: number, y: number) => readonly number[], channels: 3 | 4 = 3) {
  const data = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) data.set(colorAt(x, y), (y * side + x) * channels);
  }
  return { width: side, height: side, channels, data };
}

describe('makeEdgeMap', () => {
  it('draws one line of one pixel where a step is, and only there', () => {
    const { data } = makeEdgeMap(picture(32, (x) => (x < 16 ? [40, 90, 200] : [200, 90, 40])));
    for (let y = 0; y < 32; y += 1) {
      const row = [...data.subarray(y * 32, y * 32 + 32)].flatMap((value, x) => (value === 255 ? [x] : []));
      expect(row).toHaveLength(1);
      expect([15, 16]).toContain(row[0]);
    }
  });

  it('sees a step that only one channel has', () => {
    const { data } = makeEdgeMap(picture(32, (_, y) => (y < 16 ? [90, 90, 30] : [90, 90, 200])));
    expect(data.filter((value) => value === 255)).toHaveLength(32);
  });

  it('draws nothing for a slow gradient or a faint step', () => {
    expect(makeEdgeMap(picture(64, (x) => [x * 4, x * 4, x * 4])).data.some(Boolean)).toBe(false);
    expect(
      makeEdgeMap(picture(64, (x) => (x < 32 ? [100, 100, 100] : [120, 120, 120]))).data.some(Boolean),
    ).toBe(false);
  });

  it('follows a line that grows faint, but begins none there', () => {
    const fading = makeEdgeMap(
      picture(64, (x, y) => (x < 32 ? [100, 100, 100] : Array(3).fill(100 + (y < 32 ? 100 : 45)))),
    );
    expect(fading.data.subarray(60 * 64, 61 * 64).some(Boolean)).toBe(true);
    const faint = makeEdgeMap(picture(64, (x) => Array(3).fill(x < 32 ? 100 : 145)));
    expect(faint.data.some(Boolean)).toBe(false);
  });

  it('finds the outline of what is not transparent', () => {
    const { data } = makeEdgeMap(picture(32, (x) => [255, 255, 255, x < 16 ? 0 : 255], 4));
    expect(data.filter((value) => value === 255)).toHaveLength(32);
  });
});

describe('edgeMapSize', () => {
  it('scales down what is too large, keeping its shape', () => {
    expect(edgeMapSize(256, 100)).toEqual({ width: 256, height: 100 });
    expect(edgeMapSize(4_096, 1_024)).toEqual({ width: 1_024, height: 256 });
    expect(edgeMapSize(20_000, 3)).toEqual({ width: 1_024, height: 1 });
  });
});
