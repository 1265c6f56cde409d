import { describe, expect, it } from 'vitest';
import { eigen, fitGaussian, frechetDistance } from './frechet.ts';

function diagonal(values: readonly number[], mean: readonly number[]) {
  const n = values.length;
  const covariance = new Float64Array(n * n);
  values.forEach((value, i) => {
    covariance[i * n + i] = value;
  });
  return { mean: Float64Array.from(mean), covariance };
}

describe('Fréchet distance', () => {
  it('is the sum over axes of (difference of means)² + (difference of deviations)² for diagonal covariances', () => {
    const a = diagonal([1, 4, 9], [0, 0, 0]);
    const b = diagonal([4, 4, 1], [1, 0, 2]);
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 1 + 0 + 0 + 4 + 4, 9);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 9);
  });

  it('does not change when both are turned together', () => {
    // A rotation by 0.6 of diag(1, 16) and of diag(9, 4), means 0: (1 - 3)² + (4 - 2)² = 8.
    const turn = (p: number, q: number) => {
      const [c, s] = [Math.cos(0.6), Math.sin(0.6)];
      const off = c * s * (p - q);
      const covariance = Float64Array.of(c * c * p + s * s * q, off, off, s * s * p + c * c * q);
      return { mean: new Float64Array(2), covariance };
    };
    expect(frechetDistance(turn(1, 16), turn(9, 4))).toBeCloseTo(8, 9);
  });

  it('fits mean and unbiased covariance', () => {
    const { mean, covariance } = fitGaussian([
      Float32Array.of(0, 0),
      Float32Array.of(2, 4),
      Float32Array.of(4, 2),
    ]);
    expect([...mean].map((value) => Number(value.toFixed(9)))).toEqual([2, 2]);
    expect([...covariance].map((value) => Number(value.toFixed(9)))).toEqual([4, 2, 2, 4]);
    expect(() => fitGaussian([Float32Array.of(1)])).toThrow(RangeError);
  });

  it('finds eigenvalues of a symmetric matrix', () => {
    const { values } = eigen(Float64Array.of(2, 1, 0, 1, 2, 1, 0, 1, 2), 3);
    const sorted = [...values].sort((a, b) => a - b);
    expect(sorted[0]).toBeCloseTo(2 - Math.SQRT2, 12);
    expect(sorted[1]).toBeCloseTo(2, 12);
    expect(sorted[2]).toBeCloseTo(2 + Math.SQRT2, 12);
  });
});
