import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer } from '../config/fields.ts';
import { betaFields, clipFields, DDPM_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine2 } from '../math/kernels.ts';
import { roundHalfEven } from '../math/rounding.ts';
import type { Run } from '../plan.ts';
import { toNoise, toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { refuse, requestedSteps } from '../schedule/request.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Solver } from '../types.ts';
import { limiter } from './limits.ts';

const NAME = 'DDIMInverseScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  ...clipFields,
  set_alpha_to_one: boolean(true),
  steps_offset: integer(0),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  rescale_betas_zero_snr: boolean(false),
};

type Config = ConfigOf<typeof fields>;

/**
 * DDIM run backwards (Song, Meng and Ermon 2021, section 4.3; as used by Mokady et al. 2023): the same step from
 * a less noisy to a noisier timestep, which encodes a picture into the noise that makes it.
 */
function* inverseSteps(run: Run, config: Config, { alphasCumprod }: BetaTables): Solver {
  const { x } = run;
  const { timesteps, steps } = run.plan;
  const trainSteps = config.num_train_timesteps;
  const stride = Math.floor(trainSteps / steps);
  const initial = config.set_alpha_to_one ? 1 : alphasCumprod[0];
  const limit = limiter(config, run);
  const x0 = run.buffer();
  const noise = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const from = Math.min(timesteps[i] - stride, trainSteps - 1);
    const a = from >= 0 ? alphasCumprod[from] : initial;
    const aNext = alphasCumprod[timesteps[i]];
    const alpha = Math.sqrt(a);
    const sigma = Math.sqrt(1 - a);
    const original = toOriginal(config.prediction_type, alpha, sigma);
    const direction = toNoise(config.prediction_type, alpha, sigma);
    combine2(x0, original.fromX, x, original.fromPrediction, prediction);
    combine2(noise, direction.fromX, x, direction.fromPrediction, prediction);
    limit?.(x0);
    combine2(x, Math.sqrt(aNext), x0, Math.sqrt(1 - aNext), noise);
    run.after(i, prediction);
  }
  return x;
}

function inverseTimesteps(config: Config, steps: number): Float64Array {
  const trainSteps = config.num_train_timesteps;
  if (config.timestep_spacing === 'leading') {
    const ratio = Math.floor(trainSteps / steps);
    return Float64Array.from({ length: steps }, (_, i) => i * ratio + config.steps_offset);
  }
  const ratio = trainSteps / steps;
  return Float64Array.from({ length: steps }, (_, i) => roundHalfEven(trainSteps - i * ratio) - 1).reverse();
}

export const ddimInverse = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    if (config.timestep_spacing === 'linspace') {
      throw new RangeError('timestep_spacing linspace is not defined for DDIMInverseScheduler');
    }
    if (config.prediction_type === 'sample' && config.set_alpha_to_one) {
      throw new RangeError('prediction_type sample has no noise at alpha 1: set set_alpha_to_one to false');
    }
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['timesteps', 'sigmas', 'sigmaTable', 'mu', 'originalSteps', 'strength'], NAME);
        const steps = requestedSteps(request, NAME);
        return vpPlan(tables, {
          className: NAME,
          steps,
          timesteps: inverseTimesteps(config, steps),
          solver: (run) => inverseSteps(run, config, tables),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});
