import { defineScheduler } from '../config/definition.ts';
import { edmFields } from '../config/edm-fields.ts';
import type { ConfigOf } from '../config/fields.ts';
import { combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { edmPlan } from '../schedule/edm-plan.ts';
import type { Solver } from '../types.ts';
import { churnedSigma } from './churn.ts';
import { edmOriginal } from './edm-precondition.ts';

const NAME = 'EDMEulerScheduler';

/**
 * Euler's method with EDM's preconditioning and churn (Karras et al. 2022, algorithm 2 without lines 8 and
 * following, table 1): d = (x - x0)/sigma, x ← x + (sigma' - sigma)·d.
 */
function* edmEulerSteps(run: Run, config: ConfigOf<typeof edmFields>): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const hat = churnedSigma(run, sigmas[i]);
    const { fromX, fromPrediction } = edmOriginal(config.prediction_type, hat, config.sigma_data);
    const ratio = (sigmas[i + 1] - hat) / hat;
    combine2(x, 1 + (1 - fromX) * ratio, x, -fromPrediction * ratio, prediction);
    run.after(i, prediction);
  }
  return x;
}

export const edmEuler = defineScheduler({
  className: NAME,
  fields: edmFields,
  create: (config) => ({
    className: NAME,
    predictionType: config.prediction_type,
    stochastic: false,
    numTrainTimesteps: config.num_train_timesteps,
    plan: (request) =>
      edmPlan(config, request, {
        className: NAME,
        timestepOf: (sigma) => 0.25 * Math.log(sigma),
        needsRng: (options) => (options.churn?.amount ?? 0) > 0,
        solver: (run) => edmEulerSteps(run, config),
      }),
    levelAt: (timestep) => ({ alpha: 1, sigma: Math.exp(4 * timestep) }),
  }),
});
