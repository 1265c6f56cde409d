import { defineScheduler } from '../config/definition.ts';
import type { ConfigOf } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { kDiffusionFields } from '../config/k-diffusion-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { combine, combine2, combine3 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { kDiffusionPlan } from '../schedule/k-diffusion-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Solver } from '../types.ts';
import { ancestralLevels } from './ancestral.ts';

const NAME = 'DPMSolverSDEScheduler';

/**
 * DPM++ SDE: the stochastic two-stage solver of k-diffusion's sample_dpmpp_sde (after Lu et al. 2022b, appendix B,
 * r = 1/2). Both stages of a step see one path of Brownian motion: the noise of the whole step contains that of
 * its first half. The path is drawn step by step, so it differs from the reference's Brownian tree, in law it
 * does not.
 */
function* sdeSteps(run: Run, config: ConfigOf<typeof kDiffusionFields>): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const start = run.buffer();
  const x0 = run.buffer();
  const firstNoise = run.buffer();
  const weights = new Float64Array(5);
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const { fromX, fromPrediction } = toOriginalVe(config.prediction_type, sigmas[i]);
    combine2(x0, fromX, x, fromPrediction, prediction);
    if (i % 2 === 0 && sigmas[i + 1] === 0) {
      x.set(x0);
    } else if (i % 2 === 0) {
      start.set(x);
      const { down, up } = ancestralLevels(sigmas[i], sigmas[i + 1], config.eta);
      const ratio = down / sigmas[i];
      if (config.eta > 0) {
        firstNoise.set(run.freshNoise());
        combine3(x, ratio, x, 1 - ratio, x0, up, firstNoise);
      } else combine2(x, ratio, x, 1 - ratio, x0);
    } else {
      const [from, middle, next] = [sigmas[i - 1], sigmas[i], sigmas[i + 1]];
      const { down, up } = ancestralLevels(from, next, config.eta);
      const ratio = down / from;
      // With r = 1/2 the second stage's x0 alone is used: (1 - 1/(2r))·first + 1/(2r)·second.
      if (config.eta > 0) {
        const share = (from - middle) / (from - next);
        weights.set([ratio, 1 - ratio, up * Math.sqrt(share), up * Math.sqrt(1 - share)]);
        combine(x, 4, weights, [start, x0, firstNoise, run.freshNoise()]);
      } else combine2(x, ratio, start, 1 - ratio, x0);
    }
    run.after(i, prediction);
  }
  return x;
}

export const dpmSde = defineScheduler({
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
          middle: (sigma, next) => Math.sqrt(sigma * next),
          solver: (run) => sdeSteps(run, config),
        }),
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
