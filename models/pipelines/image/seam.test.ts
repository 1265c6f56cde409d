import { describe, expect, it } from 'vitest';
import { blendPictures, featherMask, fillFromOutside } from './seam.ts';

const size = 24;
const mask = {
  width: size,
  height: size,
  data: Uint8Array.from({ length: size * size }, (_, i) => (i % size >= 8 ? 255 : 0)),
};

describe('featherMask', () => {
  const alpha = featherMask(mask, 4);
  it('is 0 outside, rises inside and reaches 1 behind the seam', () => {
    const row = [...alpha.subarray(0, size)];
    expect(row.slice(0, 8).every((value) => value === 0)).toBe(true);
    expect(row[8]).toBeGreaterThan(0);
    expect(row[8]).toBeLessThan(row[9]);
    expect(row.slice(13).every((value) => value === 1)).toBe(true);
  });

  it('makes no seam along the border of the picture', () => {
    const everything = { width: 4, height: 4, data: new Uint8Array(16).fill(255) };
    expect([...featherMask(everything, 4)].every((value) => value === 1)).toBe(true);
  });

  it('respects a soft mask', () => {
    const soft = { width: 1, height: 1, data: Uint8Array.of(51) };
    expect(featherMask(soft, 0)[0]).toBeCloseTo(0.2, 6);
  });
});

describe('blendPictures', () => {
  it('keeps every byte outside the mask', () => {
    const source = {
      width: size,
      height: size,
      data: Uint8Array.from({ length: size * size * 3 }, (_, i) => i % 251),
    };
    const painted = { width: size, height: size, data: new Uint8Array(size * size * 3).fill(200) };
    const out = blendPictures(source, painted, featherMask(mask, 4));
    for (let i = 0; i < mask.data.length; i += 1) {
      if (mask.data[i] === 0) {
        expect(out.data.subarray(i * 3, i * 3 + 3)).toEqual(source.data.subarray(i * 3, i * 3 + 3));
      }
    }
    expect(out.data.at(-1)).toBe(200);
  });
});

describe('fillFromOutside', () => {
  it('carries the nearest known pixel inwards', () => {
    const source = {
      width: size,
      height: size,
      data: Uint8Array.from({ length: size * size * 3 }, (_, i) => (Math.floor(i / 3) % size < 8 ? 90 : 0)),
    };
    expect(fillFromOutside(source, mask).data.every((value) => value === 90)).toBe(true);
  });
});
