import { describe, expect, test } from 'vitest';
import { planTiles, reach } from './upscale-tiles.ts';

const sizes = [
  [1, 1],
  [64, 64],
  [128, 128],
  [129, 40],
  [300, 257],
  [1000, 3],
] as const;

describe.each(sizes)('a picture of %i × %i', (width, height) => {
  const tiles = planTiles(width, height);

  test('is covered once', () => {
    const times = new Uint8Array(width * height);
    for (const { gives } of tiles) {
      for (let y = gives.y; y < gives.y + gives.height; y += 1) {
        for (let x = gives.x; x < gives.x + gives.width; x += 1) times[y * width + x] += 1;
      }
    }
    expect(times.every((count) => count === 1)).toBe(true);
  });

  test('each tile sees as far as the network does, and never beyond the picture', () => {
    for (const { gives, sees } of tiles) {
      expect(sees.x).toBe(Math.max(gives.x - reach, 0));
      expect(sees.y).toBe(Math.max(gives.y - reach, 0));
      expect(sees.x + sees.width).toBe(Math.min(gives.x + gives.width + reach, width));
      expect(sees.y + sees.height).toBe(Math.min(gives.y + gives.height + reach, height));
    }
  });

  test('no tile is longer than 128, and none much shorter than the others', () => {
    const widths = tiles.map(({ gives }) => gives.width);
    const heights = tiles.map(({ gives }) => gives.height);
    expect(Math.max(...widths, ...heights)).toBeLessThanOrEqual(128);
    expect(Math.max(...widths) - Math.min(...widths)).toBeLessThanOrEqual(1);
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThanOrEqual(1);
  });
});
