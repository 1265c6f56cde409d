import { readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { readScheduler } from '../../models/core/config/read.ts';
import type { Plan } from '../../models/core/types.ts';
import { firstOf, relative, type Tolerance, within } from './compare.ts';
import type { Level, Verdict } from './level.ts';
import { planRequest, type SetTimesteps } from './scheduler-case.ts';
import { numbers, readJson, type Stored } from './stored.ts';

interface ScheduleCase {
  readonly id: string;
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly set_timesteps: SetTimesteps;
  readonly timesteps: Stored;
  readonly sigmas?: Stored;
  readonly sigmas_interpol?: Stored;
  readonly sigmas_up?: Stored;
  readonly sigmas_down?: Stored;
  readonly init_noise_sigma: number;
  readonly order: number;
  readonly level: { readonly timesteps: string; readonly sigmas: string };
}

/** Timesteps and noise levels of every scheduler class. */
export const level: Level = {
  name: 'schedules',
  cases(dir) {
    const folder = path.join(dir, 'schedules');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => readJson<{ cases: readonly ScheduleCase[] }>(folder, name)?.cases ?? [])
      .map((golden) => ({ id: golden.id, run: () => check(golden) }));
  },
};

function check(golden: ScheduleCase): Verdict {
  const { scheduler } = readScheduler({ ...golden.config, _class_name: golden.class });
  const plan = scheduler.plan(planRequest(golden.set_timesteps));
  return firstOf(
    within('timesteps', plan.timesteps, numbers(golden.timesteps), toleranceOf(golden.level.timesteps)),
    golden.sigmas
      ? within('sigmas', plan.sigmas, numbers(golden.sigmas), toleranceOf(golden.level.sigmas))
      : null,
    within('init_noise_sigma', [plan.initNoiseSigma], [golden.init_noise_sigma], initTolerance(golden)),
    within('order', [plan.order], [golden.order], () => 0),
    internal('sigmas_interpol', plan, golden.sigmas_interpol),
    internal('sigmas_up', plan, golden.sigmas_up),
    internal('sigmas_down', plan, golden.sigmas_down),
  );
}

/** Internal arrays hold NaN in slots that are never used; those are skipped. */
function internal(name: string, plan: Plan, stored: Stored | undefined): Verdict {
  if (!stored) return null;
  const actual = plan.internals?.[name];
  if (!actual) return `the plan has no ${name}`;
  const expected = numbers(stored);
  const used = expected.map((value, i) => (Number.isNaN(value) ? actual[i] : value));
  return within(name, actual, used, relative(1e-6, 1e-6));
}

function initTolerance(golden: ScheduleCase): Tolerance {
  return golden.sigmas ? toleranceOf(golden.level.sigmas) : relative(2e-7);
}

/** Reads `exact`, `rel2e-7`, `abs2e-4`, `rel2e-7+abs1e-6`. */
export function toleranceOf(level: string): Tolerance {
  if (level === 'exact') return () => 0;
  const limit = (kind: string) => Number(new RegExp(`${kind}([0-9.e-]+)`).exec(level)?.[1] ?? 0);
  return relative(limit('rel'), limit('abs'));
}
