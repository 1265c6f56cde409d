import { describe, expect, it } from 'vitest';
import { classifierFree } from './classifier-free.ts';
import { dualGuidance } from './dual.ts';
import { perFrameGuidance } from './per-frame.ts';

const negative = Float32Array.of(0, 1, 2, 3);
const positive = Float32Array.of(2, 2, 2, 2);
const at = (index: number) => ({ index, count: 10, timestep: 0, alpha: 1, sigma: 1 });

describe('guidance', () => {
  it('moves from the negative past the positive prediction, in place', () => {
    const out = negative.slice();
    classifierFree({ scale: 3 }).combine([out, positive], at(0), out);
    expect([...out]).toEqual([6, 4, 2, 0]);
  });

  it('evaluates the positive conditioning alone at scale 1 and outside the interval', () => {
    expect(classifierFree({ scale: 1 }).branches(at(0))).toEqual(['positive']);
    const some = classifierFree({ scale: 5, interval: { start: 0.2, end: 0.5 } });
    expect([0, 1, 2, 4, 5].map((index) => some.branches(at(index)).length)).toEqual([1, 1, 2, 2, 1]);
    expect(() => classifierFree({ scale: 5, interval: { start: 0.6, end: 0.5 } })).toThrow(/0\.6 … 0\.5/);
  });

  it('rescales fully to the deviation of the positive prediction', () => {
    const spread = Float32Array.of(1, -1, 2, -2);
    const out = new Float32Array(4);
    classifierFree({ scale: 4, rescale: 1 }).combine([negative, spread], at(0), out);
    const deviation = (values: Float32Array) => {
      const mean = values.reduce((a, b) => a + b, 0) / 4;
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3);
    };
    expect(deviation(out)).toBeCloseTo(deviation(spread), 5);
  });

  it('weighs instruction and picture apart', () => {
    const guidance = dualGuidance({ scale: 2, imageScale: 3 });
    const out = new Float32Array(1);
    guidance.combine([Float32Array.of(5), Float32Array.of(3), Float32Array.of(1)], at(0), out);
    expect(out[0]).toBe(1 + 2 * (5 - 3) + 3 * (3 - 1));
    expect(guidance.branches(at(0))).toEqual(['positive', 'image', 'negative']);
  });

  it('grows along the frames', () => {
    const out = new Float32Array(4);
    const zero = new Float32Array(4);
    perFrameGuidance({ first: 1, last: 2, frames: 2 }).combine(
      [zero, new Float32Array(4).fill(1)],
      at(0),
      out,
    );
    expect([...out]).toEqual([1, 1, 2, 2]);
  });
});
