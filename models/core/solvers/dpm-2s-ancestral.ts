import { defineScheduler } from '../config/definition.ts';
import type { ConfigOf } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { kDiffusionFields } from '../config/k-diffusion-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { combine2, combine3 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { kDiffusionPlan } from '../schedule/k-diffusion-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Solver } from '../types.ts';
import { ancestralLevels } from './ancestral.ts';

const NAME = 'DPMPP2SAncestralScheduler';

/**
 * DPM++ 2S a: DPM-Solver++(2S) of Lu et al. 2022b (algorithm 1, r = 1/2) towards sigma_down, then fresh noise of
 * sigma_up (Song et al. 2021, equation 47), as k-diffusion's sample_dpmpp_2s_ancestral. With eta 0 it is
 * deterministic and of second order. The step to sigma zero jumps to x0.
 */
function* twoStageSteps(run: Run, config: ConfigOf<typeof kDiffusionFields>): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const start = run.buffer();
  const x0 = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const { fromX, fromPrediction } = toOriginalVe(config.prediction_type, sigmas[i]);
    combine2(x0, fromX, x, fromPrediction, prediction);
    if (i % 2 === 0) {
      start.set(x);
      const ratio = sigmas[i + 1] / sigmas[i];
      combine2(x, ratio, x, 1 - ratio, x0);
    } else {
      const { down, up } = ancestralLevels(sigmas[i - 1], sigmas[i + 1], config.eta);
      const ratio = down / sigmas[i - 1];
      if (up > 0) combine3(x, ratio, start, 1 - ratio, x0, up, run.freshNoise());
      else combine2(x, ratio, start, 1 - ratio, x0);
    }
    run.after(i, prediction);
  }
  return x;
}

export const dpm2sAncestral = defineScheduler({
  className: NAME,
  fields: kDiffusionFields,
  create(config) {
    spacingOf(config);
    const table = sigmaTable(tablesOf(config), false);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: config.eta > 0,
      numTrainTimesteps: config.num_train_timesteps,
      plan: (request) =>
        kDiffusionPlan(config, request, {
          className: NAME,
          table,
          middle: (sigma, next) => Math.sqrt(sigma * ancestralLevels(sigma, next, config.eta).down),
          solver: (run) => twoStageSteps(run, config),
        }),
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
