import { describe, expect, it } from 'vitest';
import { floatToHalf, halfToFloat } from './half.ts';

describe('binary16', () => {
  it('returns every finite bit pattern unchanged', () => {
    for (let bits = 0; bits < 0x1_0000; bits += 1) {
      const value = halfToFloat(bits);
      if (!Number.isNaN(value)) {
        expect(floatToHalf(value)).toBe(bits);
      }
    }
  });

  it('rounds to nearest, ties to even', () => {
    expect(halfToFloat(floatToHalf(1 + 2 ** -11))).toBe(1);
    expect(halfToFloat(floatToHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(halfToFloat(floatToHalf(0.1))).toBeCloseTo(0.1, 3);
    expect(floatToHalf(2 ** -25)).toBe(0);
    expect(floatToHalf(2 ** -25 * 1.01)).toBe(1);
  });

  it('overflows to infinity and keeps NaN', () => {
    expect(halfToFloat(floatToHalf(65_519))).toBe(65_504);
    expect(halfToFloat(floatToHalf(65_520))).toBe(Number.POSITIVE_INFINITY);
    expect(halfToFloat(floatToHalf(-1e9))).toBe(Number.NEGATIVE_INFINITY);
    expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
  });
});
