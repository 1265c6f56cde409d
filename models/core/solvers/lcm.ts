import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer, number } from '../config/fields.ts';
import {
  betaFields,
  clipFields,
  LATENT_BETAS,
  tablesOf,
  thresholdFields,
  timestepSpacing,
} from '../config/vp-fields.ts';
import { combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { distilledTimesteps } from '../schedule/distilled.ts';
import { refuse } from '../schedule/request.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Solver } from '../types.ts';
import { limiter } from './limits.ts';

const NAME = 'LCMScheduler';
/** Standard deviation of the data, as the boundary conditions of consistency models assume it. */
const SIGMA_DATA = 0.5;

const fields = {
  ...betaFields({ ...LATENT_BETAS, schedule: 'scaled_linear' }),
  ...clipFields,
  clip_sample: boolean(false),
  ...thresholdFields,
  original_inference_steps: integer(50, 1),
  set_alpha_to_one: boolean(true),
  steps_offset: integer(0),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  timestep_scaling: number(10),
  rescale_betas_zero_snr: boolean(false),
};

type Config = ConfigOf<typeof fields>;

/**
 * Latent consistency models (Luo et al. 2023, equation 9 and algorithm 3): the network's x0, blended with x by the
 * boundary condition, is the answer; between steps it is noised again to the next timestep.
 */
function* lcmSteps(run: Run, config: Config, { alphasCumprod }: BetaTables): Solver {
  const { x } = run;
  const { timesteps } = run.plan;
  const limit = limiter(config, run);
  const x0 = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const t = timesteps[i];
    const a = alphasCumprod[t];
    const { fromX, fromPrediction } = toOriginal(config.prediction_type, Math.sqrt(a), Math.sqrt(1 - a));
    combine2(x0, fromX, x, fromPrediction, prediction);
    limit?.(x0);
    const scaled = t * config.timestep_scaling;
    const skip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2);
    const out = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2);
    combine2(x, out, x0, skip, x);
    if (i + 1 < timesteps.length) {
      const aNext = alphasCumprod[timesteps[i + 1]];
      combine2(x, Math.sqrt(aNext), x, Math.sqrt(1 - aNext), run.freshNoise());
    }
    run.after(i, prediction);
  }
  return x;
}

export const lcm = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: true,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['sigmas', 'sigmaTable', 'mu'], NAME);
        const timesteps = distilledTimesteps(
          {
            className: NAME,
            trainSteps: config.num_train_timesteps,
            originalSteps: config.original_inference_steps,
          },
          request,
        );
        return vpPlan(tables, {
          className: NAME,
          steps: timesteps.length,
          timesteps,
          needsRng: () => timesteps.length > 1,
          solver: (run) => lcmSteps(run, config, tables),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});
