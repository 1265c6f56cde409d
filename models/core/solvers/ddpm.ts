import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer } from '../config/fields.ts';
import {
  betaFields,
  clipFields,
  DDPM_BETAS,
  tablesOf,
  thresholdFields,
  timestepSpacing,
} from '../config/vp-fields.ts';
import { combine2, combine3 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { refuse, requestedSteps } from '../schedule/request.ts';
import { integerTimesteps } from '../schedule/timestep-spacing.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Latent, Solver } from '../types.ts';
import { splitVariance } from './learned-variance.ts';
import { limiter } from './limits.ts';

const NAME = 'DDPMScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  ...clipFields,
  ...thresholdFields,
  variance_type: choice('fixed_small', [
    'fixed_small',
    'fixed_small_log',
    'fixed_large',
    'fixed_large_log',
    'learned',
    'learned_range',
  ]),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  steps_offset: integer(0),
  rescale_betas_zero_snr: boolean(false),
};

type Config = ConfigOf<typeof fields>;

/**
 * Ancestral sampling of DDPM (Ho, Jain and Abbeel 2020, equations 6 and 7, algorithm 2) between any two timesteps;
 * learned variances as in Nichol and Dhariwal 2021, equation 15.
 */
function* ddpmSteps(run: Run, config: Config, { alphasCumprod }: BetaTables): Solver {
  const { x } = run;
  const { timesteps } = run.plan;
  const limit = limiter(config, run);
  const learned = config.variance_type === 'learned' || config.variance_type === 'learned_range';
  const x0 = run.buffer();
  const mean = learned ? run.buffer() : null;
  const spread = learned ? run.buffer() : null;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const t = timesteps[i];
    const a = alphasCumprod[t];
    const aNext = i + 1 < timesteps.length ? alphasCumprod[timesteps[i + 1]] : 1;
    const ratio = a / aNext;
    const beta = 1 - ratio;
    const value =
      mean && spread
        ? splitVariance({ prediction, mean, spread, batch: run.options.batch ?? 1 })
        : prediction;
    const { fromX, fromPrediction } = toOriginal(config.prediction_type, Math.sqrt(a), Math.sqrt(1 - a));
    combine2(x0, fromX, x, fromPrediction, value);
    limit?.(x0);
    const onX0 = (Math.sqrt(aNext) * beta) / (1 - a);
    const onX = (Math.sqrt(ratio) * (1 - aNext)) / (1 - a);
    if (t === 0) combine2(x, onX0, x0, onX, x);
    else {
      const noise = run.freshNoise();
      const small = Math.max(((1 - aNext) / (1 - a)) * beta, 1e-20);
      if (spread) {
        scaleLearned(noise, spread, config.variance_type, small, beta);
        combine3(x, onX0, x0, onX, x, 1, noise);
      } else {
        const variance = config.variance_type === 'fixed_large' ? beta : small;
        combine3(x, onX0, x0, onX, x, Math.sqrt(variance), noise);
      }
    }
    run.after(i, prediction);
  }
  return x;
}

/** Multiplies noise by the learned standard deviation: its own square root, or a mean of two logarithms. */
function scaleLearned(
  noise: Latent,
  spread: Latent,
  type: Config['variance_type'],
  small: number,
  beta: number,
): void {
  if (type === 'learned') {
    for (let i = 0; i < noise.length; i++) noise[i] *= Math.sqrt(spread[i]);
    return;
  }
  const low = Math.log(small);
  const high = Math.log(beta);
  for (let i = 0; i < noise.length; i++) {
    const share = (spread[i] + 1) / 2;
    noise[i] *= Math.exp(0.5 * (share * high + (1 - share) * low));
  }
}

export const ddpm = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    if (config.variance_type === 'fixed_large_log') {
      throw new RangeError(
        'variance_type fixed_large_log takes the square root of a negative logarithm; use fixed_large',
      );
    }
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: true,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['sigmas', 'sigmaTable', 'mu', 'originalSteps', 'strength'], NAME);
        const timesteps = request.timesteps
          ? ownTimesteps(request.timesteps, config.num_train_timesteps)
          : integerTimesteps({
              spacing: config.timestep_spacing,
              count: requestedSteps(request, NAME),
              trainSteps: config.num_train_timesteps,
              offset: config.steps_offset,
            });
        return vpPlan(tables, {
          className: NAME,
          steps: timesteps.length,
          timesteps,
          needsRng: () => true,
          solver: (run) => ddpmSteps(run, config, tables),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});

/** @throws RangeError when the timesteps do not fall, or leave the training range. */
function ownTimesteps(own: readonly number[], trainSteps: number): Float64Array {
  own.forEach((t, i) => {
    if (i > 0 && t >= own[i - 1])
      throw new RangeError(`timesteps must fall; ${own[i - 1]} is followed by ${t}`);
  });
  if (own[0] >= trainSteps) throw new RangeError(`timesteps must start below ${trainSteps}, got ${own[0]}`);
  return Float64Array.from(own);
}
