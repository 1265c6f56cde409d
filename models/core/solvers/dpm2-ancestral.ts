import { defineScheduler } from '../config/definition.ts';
import { choice, integer } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, LATENT_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine, combine2 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { type Dpm2Levels, dpm2Levels } from '../schedule/dpm2-levels.ts';
import { refuse } from '../schedule/request.ts';
import { veInitNoise, veParts } from '../schedule/ve-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { PredictionType, Solver } from '../types.ts';

const NAME = 'KDPM2AncestralDiscreteScheduler';

/**
 * The midpoint rule in log sigma with ancestral noise: DPM-Solver-2 (Lu et al. 2022, algorithm 1) towards
 * sigma_down, then fresh noise of sigma_up (Song et al. 2021, equation 47), as in k-diffusion.
 */
function* ancestralMidpointSteps(run: Run, type: PredictionType, arrays: Dpm2Levels['internals']): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const { sigmas_interpol: middle, sigmas_up: up, sigmas_down: down } = arrays;
  const start = run.buffer();
  const weights = new Float64Array(4);
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    if (i % 2 === 0) {
      const { fromX, fromPrediction } = toOriginalVe(type, sigmas[i]);
      const ratio = (middle[i] - sigmas[i]) / sigmas[i];
      start.set(x);
      combine2(x, 1 + (1 - fromX) * ratio, x, -fromPrediction * ratio, prediction);
    } else {
      const { fromX, fromPrediction } = toOriginalVe(type, middle[i - 1]);
      const ratio = (down[i - 1] - sigmas[i - 1]) / middle[i - 1];
      weights[0] = 1;
      weights[1] = (1 - fromX) * ratio;
      weights[2] = -fromPrediction * ratio;
      weights[3] = up[i - 1];
      const noise = run.freshNoise();
      combine(x, 4, weights, [start, x, prediction, noise]);
    }
    run.after(i, prediction);
  }
  return x;
}

export const dpm2Ancestral = defineScheduler({
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
      stochastic: true,
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
          true,
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
          ...veParts((index) => (index % 2 === 0 ? sigmas[index] : middle[index - 1])),
          needsRng: () => true,
          solver: (run) => ancestralMidpointSteps(run, config.prediction_type, levels.internals),
        });
      },
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
