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
import { toNoise, toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { distilledTimesteps } from '../schedule/distilled.ts';
import { refuse } from '../schedule/request.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Solver } from '../types.ts';

const NAME = 'TCDScheduler';

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
 * Trajectory consistency distillation (Zheng et al. 2024, algorithm 4): a deterministic jump to timestep
 * s = (1 - eta)·t', then noise up to t'. eta 0 is deterministic, eta 1 samples like a consistency model.
 */
function* tcdSteps(run: Run, config: Config, { alphasCumprod }: BetaTables): Solver {
  const { x, options } = run;
  const { eta = 0.3 } = options;
  const { timesteps } = run.plan;
  const x0 = run.buffer();
  const noise = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const a = alphasCumprod[timesteps[i]];
    const next = i + 1 < timesteps.length ? timesteps[i + 1] : 0;
    const between = alphasCumprod[Math.floor((1 - eta) * next)];
    const alpha = Math.sqrt(a);
    const sigma = Math.sqrt(1 - a);
    const original = toOriginal(config.prediction_type, alpha, sigma);
    const direction = toNoise(config.prediction_type, alpha, sigma);
    combine2(x0, original.fromX, x, original.fromPrediction, prediction);
    combine2(noise, direction.fromX, x, direction.fromPrediction, prediction);
    combine2(x, Math.sqrt(between), x0, Math.sqrt(1 - between), noise);
    if (eta > 0 && i + 1 < timesteps.length) {
      const ratio = alphasCumprod[next] / between;
      combine2(x, Math.sqrt(ratio), x, Math.sqrt(1 - ratio), run.freshNoise());
    }
    run.after(i, prediction);
  }
  return x;
}

export const tcd = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
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
          needsRng: ({ eta = 0.3 }) => eta > 0 && timesteps.length > 1,
          solver: (run) => tcdSteps(run, config, tables),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});
