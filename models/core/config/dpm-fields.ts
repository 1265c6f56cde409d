import type { TimeShift } from '../schedule/dpm-levels.ts';
import { boolean, choice, integer, number, numberOrMinusInfinity, optional } from './fields.ts';
import { spacingFields } from './flow-fields.ts';
import { betaFields, DDPM_BETAS, timestepSpacing, thresholdFields } from './vp-fields.ts';

const SHIFTS: readonly TimeShift[] = ['exponential', 'linear'];

/** Prediction types of the DPM-Solver family. */
export const predictionType = choice('epsilon', ['epsilon', 'sample', 'v_prediction', 'flow_prediction']);

/** Fields the multistep members of the DPM-Solver family share. */
export const multistepFields = {
  ...betaFields(DDPM_BETAS),
  ...thresholdFields,
  ...spacingFields,
  solver_order: integer(2, 1),
  prediction_type: predictionType,
  lower_order_final: boolean(true),
  use_flow_sigmas: optional(boolean(false)),
  flow_shift: optional(number(1)),
  timestep_spacing: timestepSpacing('linspace'),
  steps_offset: integer(0),
  use_dynamic_shifting: boolean(false),
  time_shift_type: choice('exponential', SHIFTS),
};

export const finalSigmas = choice('zero', ['zero', 'sigma_min']);
export const lambdaMinClipped = numberOrMinusInfinity(Number.NEGATIVE_INFINITY);
