import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, integer, number, optional } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, LATENT_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine2, combine3 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { duplicateInner } from '../schedule/duplicate.ts';
import { levelsOrTable, refuse } from '../schedule/request.ts';
import { veInitNoise, veLevels, veParts } from '../schedule/ve-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { PredictionType, Solver } from '../types.ts';
import { type LimitConfig, limiter } from './limits.ts';

const NAME = 'HeunDiscreteScheduler';

/**
 * Heun's second-order method on the probability-flow ODE (Karras et al. 2022, algorithm 1): an Euler step, the
 * slope at its end, and a second try with the mean of both. The last step, to sigma zero, is Euler's.
 */
function* heunSteps(run: Run, type: PredictionType, limits: LimitConfig): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const limit = limiter(limits, run);
  const start = run.buffer();
  const slope = run.buffer();
  const firstSlope = run.buffer();
  let dt = 0;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const sigma = sigmas[i];
    const { fromX, fromPrediction } = toOriginalVe(type, sigma);
    combine2(slope, fromX, x, fromPrediction, prediction);
    limit?.(slope);
    combine2(slope, 1 / sigma, x, -1 / sigma, slope);
    if (i % 2 === 0) {
      dt = sigmas[i + 1] - sigma;
      start.set(x);
      firstSlope.set(slope);
      combine2(x, 1, x, dt, slope);
    } else {
      combine3(x, 1, start, dt / 2, firstSlope, dt / 2, slope);
    }
    run.after(i, prediction);
  }
  return x;
}

export const heun = defineScheduler({
  className: NAME,
  fields: {
    ...betaFields(LATENT_BETAS),
    prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
    ...spacingFields,
    clip_sample: optional(boolean(false)),
    clip_sample_range: number(1),
    timestep_spacing: timestepSpacing('linspace'),
    steps_offset: integer(0),
  },
  create(config) {
    const spacing = spacingOf(config);
    const table = sigmaTable(tablesOf(config), false);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['sigmas', 'mu', 'originalSteps', 'strength'], NAME);
        const levels = veLevels(
          {
            className: NAME,
            table,
            trainSteps: config.num_train_timesteps,
            timestepSpacing: config.timestep_spacing,
            offset: config.steps_offset,
            spacing,
          },
          request,
        );
        const once = Float64Array.of(...levels.sigmas, 0).map(Math.fround);
        const sigmas = levelsOrTable(duplicateInner(once), request);
        return makePlan({
          className: NAME,
          steps: levels.timesteps.length,
          timesteps: duplicateInner(levels.timesteps.map(Math.fround), true),
          timestepKind: 'float32',
          sigmas,
          initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
          order: 2,
          ...veParts((index) => sigmas[index]),
          solver: (run) =>
            heunSteps(run, config.prediction_type, {
              clip_sample: config.clip_sample ?? false,
              clip_sample_range: config.clip_sample_range,
            }),
        });
      },
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
