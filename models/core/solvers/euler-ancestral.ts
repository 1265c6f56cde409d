import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, integer } from '../config/fields.ts';
import { betaFields, DDPM_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine3 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { levelsOrTable, refuse } from '../schedule/request.ts';
import { veInitNoise, veLevels, veParts } from '../schedule/ve-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { PredictionType, Solver } from '../types.ts';
import { ancestralLevels } from './ancestral.ts';

const NAME = 'EulerAncestralDiscreteScheduler';

/**
 * Ancestral sampling in the form x = x0 + sigma · noise (Song et al. 2021, equation 47, as in k-diffusion): an
 * Euler step down to sigma_down, then fresh noise of sigma_up, with sigma_down² + sigma_up² = sigma'².
 */
function* ancestralSteps(run: Run, type: PredictionType): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const sigma = sigmas[i];
    const { down, up } = ancestralLevels(sigma, sigmas[i + 1]);
    const { fromX, fromPrediction } = toOriginalVe(type, sigma);
    const ratio = (down - sigma) / sigma;
    const noise = run.freshNoise();
    combine3(x, 1 + (1 - fromX) * ratio, x, -fromPrediction * ratio, prediction, up, noise);
    run.after(i, prediction);
  }
  return x;
}

export const eulerAncestral = defineScheduler({
  className: NAME,
  fields: {
    ...betaFields(DDPM_BETAS),
    prediction_type: choice('epsilon', ['epsilon', 'v_prediction']),
    timestep_spacing: timestepSpacing('linspace'),
    steps_offset: integer(0),
    rescale_betas_zero_snr: boolean(false),
  },
  create(config) {
    const table = sigmaTable(tablesOf(config), config.rescale_betas_zero_snr);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: true,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['timesteps', 'sigmas', 'mu', 'originalSteps', 'strength'], NAME);
        const levels = veLevels(
          {
            className: NAME,
            table,
            trainSteps: config.num_train_timesteps,
            timestepSpacing: config.timestep_spacing,
            offset: config.steps_offset,
            spacing: 'plain',
          },
          request,
        );
        const sigmas = levelsOrTable(Float64Array.of(...levels.sigmas, 0).map(Math.fround), request);
        return makePlan({
          className: NAME,
          steps: levels.timesteps.length,
          timesteps: levels.timesteps,
          timestepKind: 'float32',
          sigmas,
          initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
          order: 1,
          ...veParts((index) => sigmas[index]),
          needsRng: () => true,
          solver: (run) => ancestralSteps(run, config.prediction_type),
        });
      },
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
