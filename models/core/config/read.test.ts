import { describe, expect, it } from 'vitest';
import { readScheduler, schedulers } from './read.ts';

const read = (fields: Readonly<Record<string, unknown>>) => readScheduler(fields);

describe('readScheduler', () => {
  it('knows every class once', () => {
    const names = schedulers.map(({ className }) => className);
    expect(new Set(names).size).toBe(names.length);
  });

  it('names a field it does not know, and one that has no effect on this class', () => {
    const { warnings } = read({
      _class_name: 'DDIMScheduler',
      _diffusers_version: '0.40',
      sparkle: 1,
      shift: 3,
    });
    expect(warnings).toEqual([
      'sparkle is not a field this version knows; it has no effect',
      'shift has no effect on DDIMScheduler',
    ]);
  });

  it.each([
    [{ _class_name: 'NoScheduler' }, /_class_name is "NoScheduler"; known classes are/],
    [{ _class_name: 'DDIMScheduler', beta_end: 'big' }, /beta_end is "big"/],
    [{ _class_name: 'DDIMScheduler', timestep_spacing: 'even' }, /timestep_spacing is "even"/],
    [
      { _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true, use_beta_sigmas: true },
      /exclude each other/,
    ],
    [{ _class_name: 'UniPCMultistepScheduler', solver_type: 'bh1' }, /final_sigmas_type to sigma_min/],
    [{ _class_name: 'DDPMScheduler', variance_type: 'fixed_large_log' }, /use fixed_large/],
    [{ _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'dpmsolver' }, /final_sigmas_type/],
    [{ _class_name: 'DDIMInverseScheduler', timestep_spacing: 'linspace' }, /linspace is not defined/],
    [{ _class_name: 'DDIMInverseScheduler', prediction_type: 'sample' }, /set_alpha_to_one to false/],
    [{ _class_name: 'DDIMScheduler', trained_betas: [0.1, 0.2] }, /2 values for num_train_timesteps 1000/],
  ])('refuses %o', (fields, message) => {
    expect(() => read(fields)).toThrow(message);
  });

  it('refuses to read x0 out of a noise prediction where there is no signal, before any evaluation', () => {
    const { scheduler } = read({
      _class_name: 'DDIMScheduler',
      rescale_betas_zero_snr: true,
      timestep_spacing: 'trailing',
    });
    const solver = scheduler.plan({ steps: 4 }).solve(new Float32Array(4));
    expect(() => solver.next()).toThrow(/use v_prediction or sample/);
  });

  it('refuses a cosine solver that ends in a step of no length, when it is run', () => {
    const { scheduler } = read({
      _class_name: 'CosineDPMSolverMultistepScheduler',
      final_sigmas_type: 'sigma_min',
    });
    const rng = { randn() {}, rand() {}, randint() {}, randperm: () => new Int32Array(0) };
    expect(() => scheduler.plan({ steps: 4 }).solve(new Float32Array(4), { rng })).toThrow(/divides by zero/);
  });

  it('refuses what a class has no use for, and stochastic solvers without a generator', () => {
    const { scheduler } = read({ _class_name: 'EulerAncestralDiscreteScheduler' });
    expect(() => scheduler.plan({ steps: 4, mu: 1 })).toThrow(/takes no mu/);
    expect(() => scheduler.plan({ steps: 0 })).toThrow(/positive integer/);
    expect(() => scheduler.plan({ steps: 4 }).solve(new Float32Array(4))).toThrow(/pass an rng/);
  });
});
