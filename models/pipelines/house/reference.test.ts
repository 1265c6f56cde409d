import { describe, expect, it } from 'vitest';
import { containInWhite, followReference } from './reference.ts';

describe('a reference picture for its encoder', () => {
  it('lies whole in the middle of a white square', () => {
    const wide = { width: 8, height: 4, data: new Uint8Array(8 * 4 * 3) };
    const planes = containInWhite(wide, 4);
    const rows = Array.from({ length: 4 }, (_, y) => planes[y * 4]);
    expect(planes).toHaveLength(3 * 16);
    expect(rows).toEqual([1, -1, -1, 1]);
    expect([...planes.subarray(4, 8)]).toEqual([-1, -1, -1, -1]);
  });

  it('is enlarged when it is smaller, and keeps a row when it is a thread', () => {
    const thread = { width: 64, height: 1, data: new Uint8Array(64 * 3) };
    expect(containInWhite(thread, 8).filter((value) => value < 0)).toHaveLength(3 * 8);
    const dot = { width: 1, height: 1, data: Uint8Array.of(255, 0, 255) };
    const planes = containInWhite(dot, 2);
    expect([...planes]).toEqual([1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1]);
  });
});

describe('states of text and reference', () => {
  const text = Float32Array.of(1, 2, 3, 4);
  const reference = Float32Array.of(8, -8);

  it('stand one after the other, the reference as strong as asked', () => {
    expect(followReference(text, reference, 0.5)).toEqual(Float32Array.of(1, 2, 3, 4, 4, -4));
    expect(text).toHaveLength(4);
  });
});
