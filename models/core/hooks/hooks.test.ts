import { describe, expect, it } from 'vitest';
import { readScheduler } from '../config/read.ts';
import { drive } from '../drive.ts';
import { TorchGenerator } from '../random/torch-generator.ts';
import { replaceHook } from './replace.ts';
import { scoreDistillation } from './score-distillation.ts';

const original = Float32Array.of(0.5, -0.5, 0.25, 1);
const mask = Float32Array.of(0, 0, 1, 1);

describe('hooks', () => {
  it.each(['fixed', 'fresh'])('keep the unmasked part exactly at the end, with %s noise', (kind) => {
    const { scheduler } = readScheduler({ _class_name: 'DDIMScheduler', clip_sample: false });
    const noise = kind === 'fresh' ? new TorchGenerator(1) : Float32Array.of(1, 2, 3, 4);
    const seen: number[] = [];
    const x = Float32Array.of(1, 1, 1, 1);
    const watch = { afterStep: (now: ArrayLike<number>) => void seen.push(now[0]) };
    const hooks = [replaceHook({ original, mask, noise }), watch];
    drive(scheduler.plan({ steps: 5 }).solve(x, { hooks }), (at) => at.x.map((value) => value / 2));
    expect([x[0], x[1]]).toEqual([0.5, -0.5]);
    expect(x[2]).not.toBe(0.25);
    expect(seen).toHaveLength(5);
    expect(seen[0]).not.toBe(0.5);
  });

  it('RePaint keeps what the mask keeps and walks its jumps', () => {
    const { scheduler } = readScheduler({ _class_name: 'RePaintScheduler' });
    const plan = scheduler.plan({ steps: 20, jumpLength: 5, jumpCount: 2 });
    expect(plan.timesteps).toHaveLength(35);
    const keep = { original, mask: Float32Array.of(1, 1, 0, 0) };
    const x = Float32Array.of(1, 1, 1, 1);
    drive(plan.solve(x, { rng: new TorchGenerator(0), keep }), (at) => at.x.map((value) => value / 2));
    expect([x[0], x[1]]).toEqual([0.5, -0.5]);
    expect(() => plan.solve(x, { rng: new TorchGenerator(0) }).next()).toThrow(/needs keep/);
  });

  it('score distillation has no gradient for a network that knows the noise', () => {
    const { scheduler } = readScheduler({ _class_name: 'DDIMScheduler' });
    const run = scoreDistillation({ scheduler, original, timestep: 400, rng: new TorchGenerator(3) });
    const gradient = drive(run, (at) => at.x.map((value, i) => (value - at.alpha * original[i]) / at.sigma));
    for (const value of gradient) expect(Math.abs(value)).toBeLessThan(1e-6);
  });
});
