import type { BetaSchedule } from '../schedule/betas.ts';
import type { TimestepSpacing } from '../schedule/timestep-spacing.ts';
import { type BetaTables, betaTables } from '../schedule/betas.ts';
import { boolean, choice, integer, number, numberList } from './fields.ts';

const SPACINGS: readonly TimestepSpacing[] = ['linspace', 'leading', 'trailing'];
const SCHEDULES: readonly BetaSchedule[] = [
  'linear',
  'scaled_linear',
  'squaredcos_cap_v2',
  'sigmoid',
  'laplace',
  'exp',
];

export interface BetaDefaults {
  readonly start: number;
  readonly end: number;
  readonly schedule: BetaSchedule;
}

/** Fields of the discrete variance-preserving process, with a class's own defaults. */
export function betaFields({ start, end, schedule }: BetaDefaults) {
  return {
    num_train_timesteps: integer(1000, 1),
    beta_start: number(start),
    beta_end: number(end),
    beta_schedule: choice(schedule, SCHEDULES),
    trained_betas: numberList(),
  };
}

export const DDPM_BETAS: BetaDefaults = { start: 0.0001, end: 0.02, schedule: 'linear' };
export const LATENT_BETAS: BetaDefaults = { start: 0.00085, end: 0.012, schedule: 'linear' };

export function timestepSpacing(fallback: TimestepSpacing) {
  return choice(fallback, SPACINGS);
}

/** Fields of x0 limits: a plain clip, and dynamic thresholding by a quantile. */
export const clipFields = {
  clip_sample: boolean(true),
  clip_sample_range: number(1),
};

export const thresholdFields = {
  thresholding: boolean(false),
  dynamic_thresholding_ratio: number(0.995),
  sample_max_value: number(1),
};

interface BetaConfig {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  readonly trained_betas: readonly number[] | null;
  readonly rescale_betas_zero_snr?: boolean;
}

/** @throws RangeError when trained_betas has another length than num_train_timesteps. */
export function tablesOf(config: BetaConfig): BetaTables {
  const { trained_betas: trained, num_train_timesteps: count } = config;
  if (trained && trained.length !== count) {
    throw new RangeError(`trained_betas has ${trained.length} values for num_train_timesteps ${count}`);
  }
  return betaTables({
    numTrainTimesteps: count,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    schedule: config.beta_schedule,
    trainedBetas: trained,
    rescaleZeroSnr: config.rescale_betas_zero_snr,
  });
}
