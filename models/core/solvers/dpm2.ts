import { defineScheduler } from '../config/definition.ts';
import { choice, integer } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, LATENT_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine2, combine3 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { dpm2Levels } from '../schedule/dpm2-levels.ts';
import { refuse } from '../schedule/request.ts';
import { veInitNoise, veParts } from '../schedule/ve-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { PredictionType, Solver } from '../types.ts';

const NAME = 'KDPM2DiscreteScheduler';

/**
 * The midpoint rule in log sigma: DPM-Solver-2 of Lu et al. 2022 (algorithm 1, r = 1/2) on the sigma grid of
 * Karras et al. 2022. Half a step to the geometric mean of both sigmas, then the whole step with the slope
 * found there.
 * @param middle sigma of the second evaluation, at the evaluation's own index.
 */
function* midpointSteps(run: Run, type: PredictionType, middle: Float64Array): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const start = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    if (i % 2 === 0) {
      const sigma = sigmas[i];
      const { fromX, fromPrediction } = toOriginalVe(type, sigma);
      const ratio = (middle[i + 1] - sigma) / sigma;
      start.set(x);
      combine2(x, 1 + (1 - fromX) * ratio, x, -fromPrediction * ratio, prediction);
    } else {
      const sigma = middle[i];
      const { fromX, fromPrediction } = toOriginalVe(type, sigma);
      const ratio = (sigmas[i] - sigmas[i - 1]) / sigma;
      combine3(x, 1, start, (1 - fromX) * ratio, x, -fromPrediction * ratio, prediction);
    }
    run.after(i, prediction);
  }
  return x;
}

export const dpm2 = defineScheduler({
  className: NAME,
  fields: {
    ...betaFields(LATENT_BETAS),
    ...spacingFields,
    prediction_type: choice('epsilon', ['epsilon', 'v_prediction']),
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
        refuse(request, ['timesteps', 'sigmas', 'mu', 'originalSteps', 'strength'], NAME);
        const levels = dpm2Levels(
          {
            className: NAME,
            table,
            trainSteps: config.num_train_timesteps,
            timestepSpacing: config.timestep_spacing,
            offset: config.steps_offset,
            spacing,
          },
          request,
          false,
        );
        const { sigmas } = levels;
        const { sigmas_interpol: middle } = levels.internals;
        return makePlan({
          className: NAME,
          steps: (levels.timesteps.length + 1) / 2,
          timesteps: levels.timesteps,
          timestepKind: 'float32',
          sigmas,
          initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
          order: 2,
          internals: levels.internals,
          ...veParts((index) => (index % 2 === 0 ? sigmas[index] : middle[index])),
          solver: (run) => midpointSteps(run, config.prediction_type, middle),
        });
      },
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
