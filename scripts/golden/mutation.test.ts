import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLevel } from './level.ts';
import { level as pipelines } from './pipelines.ts';
import { level as schedules } from './schedules.ts';
import { level as steps } from './steps.ts';

const DIR = path.join(import.meta.dirname, '../../models/fixtures/golden');

type Config = { [name: string]: unknown };
interface Case {
  readonly config: Config;
}

/** A scratch copy of two levels, of which one file at a time gets another constant. */
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'gesso-golden-'));
  for (const level of ['schedules', 'steps'])
    cpSync(path.join(DIR, level), path.join(scratch, level), { recursive: true });
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Changes the configuration of every case of a class and returns how many cases it changed. */
function mutate(file: string, change: (config: Config) => boolean): number {
  const at = path.join(scratch, file);
  const suite: { cases: Case[] } = JSON.parse(readFileSync(at, 'utf8'));
  const changed = suite.cases.filter(({ config }) => change(config)).length;
  writeFileSync(at, JSON.stringify(suite));
  return changed;
}

describe('a single changed constant turns the suite red', () => {
  it('is green before any change', async () => {
    expect((await runLevel(schedules, scratch)).failures).toEqual([]);
    expect((await runLevel(steps, scratch)).failures).toEqual([]);
  });

  it.each([
    ['steps_offset', 'schedules/DDIMScheduler.json', 1, 0],
    ['timestep_spacing', 'schedules/EulerDiscreteScheduler.json', 'leading', 'trailing'],
    ['shift', 'schedules/FlowMatchEulerDiscreteScheduler.json', 3, 3.0001],
    ['beta_end', 'schedules/DPMSolverMultistepScheduler.json', 0.012, 0.0120001],
  ])('%s', async (field, file, from, to) => {
    const changed = mutate(file, (config) => {
      if (config[field] !== from) return false;
      config[field] = to;
      return true;
    });
    expect(changed).toBeGreaterThan(0);
    expect((await runLevel(schedules, scratch)).failures.length).toBeGreaterThan(0);
  });

  it('solver_order', async () => {
    const changed = mutate('steps/cases.json', (config) => {
      if (config.solver_order !== 2) return false;
      config.solver_order = 1;
      return true;
    });
    expect(changed).toBeGreaterThan(0);
    expect((await runLevel(steps, scratch)).failures.length).toBeGreaterThan(0);
  });

  it('seed of the Brownian tree', async () => {
    const changed = mutate('steps/brownian.json', (config) => {
      if (config.noise_sampler_seed !== 31) return false;
      config.noise_sampler_seed = 32;
      return true;
    });
    expect(changed).toBe(1);
    expect((await runLevel(steps, scratch)).failures).toHaveLength(1);
  });

  it('guidance scale', async () => {
    const id = 'sd-txt2img-ddim-0';
    const request = path.join(scratch, 'pipelines', id, 'request.json');
    for (const part of ['models', 'tokenizers']) symlinkSync(path.join(DIR, part), path.join(scratch, part));
    cpSync(path.join(DIR, 'pipelines', id), path.dirname(request), { recursive: true });
    expect((await runLevel(pipelines, scratch)).failures).toEqual([]);
    const asked: { guidance_scale: number } = JSON.parse(readFileSync(request, 'utf8'));
    asked.guidance_scale *= 1.001;
    writeFileSync(request, JSON.stringify(asked));
    expect((await runLevel(pipelines, scratch)).failures).toHaveLength(1);
  });
});
