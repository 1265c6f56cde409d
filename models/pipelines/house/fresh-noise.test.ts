import { describe, expect, it } from 'vitest';
import { readScheduler } from '../../core/config/read.ts';
import { TorchGenerator } from '../../core/random/torch-generator.ts';
import { freshNoiseHook } from './fresh-noise.ts';

const count = 20_000;

/** Runs four Euler steps with the right velocity for x0 = 0.25 and returns x before the last one and after it. */
function walk(share: number): { readonly before: Float32Array; readonly after: Float32Array } {
  const config = { _class_name: 'FlowMatchEulerDiscreteScheduler' };
  const plan = readScheduler(config).scheduler.plan({ sigmas: [1, 0.75, 0.5, 0.25] });
  const rng = new TorchGenerator(3);
  const x = new Float32Array(count);
  rng.randn(x);
  const solver = plan.solve(x, { hooks: [freshNoiseHook({ share, rng })] });
  let before = Float32Array.from(x);
  let turn = solver.next();
  while (turn.done !== true) {
    const { sigma, input } = turn.value;
    before = Float32Array.from(input);
    turn = solver.next(before.map((value) => (value - 0.25) / sigma));
  }
  return { before, after: x };
}

function moments(values: Float32Array): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe('fresh noise', () => {
  it.each([0, 0.5, 1])('keeps level and centre of the noise at a share of %d', (share) => {
    const { before, after } = walk(share);
    const { mean, deviation } = moments(before);
    expect(mean).toBeCloseTo(0.75 * 0.25, 2);
    expect(deviation).toBeCloseTo(0.25, 2);
    expect(moments(after).mean).toBeCloseTo(0.25, 5);
    expect(moments(after).deviation).toBeLessThan(1e-5);
  });

  it('replaces the asked share of the noise', () => {
    const old = walk(0).before;
    const correlation = (share: number): number => {
      const { before } = walk(share);
      let sum = 0;
      for (let i = 0; i < count; i += 1) sum += (old[i] - 0.1875) * (before[i] - 0.1875);
      return sum / count / 0.25 ** 2;
    };
    // Three steps keep √(1 - 0.25)³ of it.
    expect(correlation(0.5)).toBeCloseTo(0.75 ** 1.5, 1);
    expect(correlation(1)).toBeCloseTo(0, 1);
  });
});
