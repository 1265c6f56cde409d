import type { DpmVariant } from '../solvers/dpm-update.ts';
import { boolean, choice, integer, number } from './fields.ts';

const VARIANTS: readonly DpmVariant[] = ['midpoint', 'heun'];

/** Fields of the classes that precondition as Karras et al. 2022. */
export const edmFields = {
  sigma_min: number(0.002),
  sigma_max: number(80),
  sigma_data: number(0.5),
  sigma_schedule: choice('karras', ['karras', 'exponential']),
  num_train_timesteps: integer(1000, 1),
  prediction_type: choice('epsilon', ['epsilon', 'v_prediction']),
  rho: number(7),
  final_sigmas_type: choice('zero', ['zero', 'sigma_min']),
};

/** Further fields of its multistep classes. */
export const edmMultistepFields = {
  ...edmFields,
  solver_order: integer(2, 1),
  solver_type: choice('midpoint', VARIANTS),
  lower_order_final: boolean(true),
  euler_at_final: boolean(false),
};
