import path from 'node:path';
import { readScheduler } from '../../models/core/config/read.ts';
import { combine2 } from '../../models/core/math/kernels.ts';
import { TorchGenerator } from '../../models/core/random/torch-generator.ts';
import type { NoiseLevel } from '../../models/core/types.ts';
import { absolute, firstOf, within } from './compare.ts';
import type { Level, Verdict } from './level.ts';
import { planRequest, type SetTimesteps } from './scheduler-case.ts';
import { readJson, type Stored, type StoredNumber, toNumber } from './stored.ts';

interface NoiseCase {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly set_timesteps: SetTimesteps | null;
  readonly timestep: number;
  readonly shape: readonly number[];
  readonly seed_original: number;
  readonly seed_noise: number;
  readonly op: 'add_noise' | 'scale_noise' | 'get_velocity';
  readonly expected: Stored & {
    readonly maxabs: number;
    readonly probe_index: readonly number[];
    readonly probe_value: readonly StoredNumber[];
  };
}

/** Noise added to a clean sample, and the velocity between the two. */
export const level: Level = {
  name: 'add_noise',
  cases(dir) {
    const suite = readJson<{ cases: readonly NoiseCase[] }>(path.join(dir, 'steps'), 'add_noise.json');
    return (suite?.cases ?? []).map((golden, i) => ({
      id: `${i} ${golden.class} ${golden.op} t ${golden.timestep}`,
      run: () => check(golden),
    }));
  },
};

function check(golden: NoiseCase): Verdict {
  const size = golden.shape.reduce((a, b) => a * b, 1);
  const original = normals(golden.seed_original, size);
  const noise = normals(golden.seed_noise, size);
  const { alpha, sigma } = levelOf(golden);
  const out = new Float32Array(size);
  if (golden.op === 'get_velocity') combine2(out, -sigma, original, alpha, noise);
  else combine2(out, alpha, original, sigma, noise);
  const { probe_index: at, probe_value: values, maxabs } = golden.expected;
  const limit = absolute(2e-6 * maxabs);
  const largest = out.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return firstOf(
    within(
      'probe',
      at.map((index) => out[index]),
      values.map(toNumber),
      limit,
    ),
    within('largest value', [largest], [maxabs], limit),
  );
}

/**
 * Without sigmas the level belongs to the training timestep. With them it is looked up in the plan, where the
 * reference takes the second of two equal timesteps.
 */
function levelOf(golden: NoiseCase): NoiseLevel {
  const { scheduler } = readScheduler({ ...golden.config, _class_name: golden.class });
  if (!golden.set_timesteps) return scheduler.levelAt(golden.timestep);
  const plan = scheduler.plan(planRequest(golden.set_timesteps));
  if (plan.sigmas.length === 0) return scheduler.levelAt(golden.timestep);
  const first = nearest(plan.timesteps, golden.timestep);
  const second = plan.timesteps.indexOf(plan.timesteps[first], first + 1);
  return plan.level(second > 0 ? second : first);
}

/** Timesteps that come from logarithms may differ in the last bits, so the nearest is meant. */
function nearest(timesteps: Float64Array, wanted: number): number {
  let best = 0;
  timesteps.forEach((t, i) => {
    if (Math.abs(t - wanted) < Math.abs(timesteps[best] - wanted)) best = i;
  });
  return best;
}

function normals(seed: number, size: number): Float32Array {
  const out = new Float32Array(size);
  new TorchGenerator(seed).randn(out);
  return out;
}
