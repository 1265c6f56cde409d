import { defineScheduler } from '../config/definition.ts';
import { choice, integer } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, DDPM_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine, combine2, rotate } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { levelsOrTable, refuse } from '../schedule/request.ts';
import { veInitNoise, veLevels, veParts } from '../schedule/ve-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { PredictionType, Solver } from '../types.ts';

const NAME = 'LMSDiscreteScheduler';

/**
 * Linear multistep method of Adams and Bashforth on unequal steps (Hairer, Nørsett and Wanner 1993, section
 * III.5; brought to diffusion by k-diffusion): x moves by the integral of the polynomial through the last
 * slopes. Its first steps use as many slopes as there are.
 */
function* lmsSteps(run: Run, type: PredictionType): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const order = run.options.lmsOrder ?? 4;
  if (!Number.isInteger(order) || order < 1 || order > 4) {
    throw new RangeError(`lmsOrder is ${order}; it must be 1, 2, 3 or 4`);
  }
  const width = order + 1;
  const weights = lmsWeights(run, order);
  const slopes = Array.from({ length: order }, () => run.buffer());
  const terms = [x, ...slopes];
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const { fromX, fromPrediction } = toOriginalVe(type, sigmas[i]);
    rotate(slopes);
    combine2(slopes[0], (1 - fromX) / sigmas[i], x, -fromPrediction / sigmas[i], prediction);
    const known = Math.min(i - run.begin + 1, order);
    for (let k = 0; k < known; k++) terms[k + 1] = slopes[k];
    combine(x, known + 1, weights, terms, width * i);
    run.after(i, prediction);
  }
  return x;
}

/** Weights of x and of the known slopes for every evaluation, newest slope first. */
function lmsWeights(run: Run, order: number): Float64Array {
  const { sigmas } = run.plan;
  const width = order + 1;
  const weights = new Float64Array(width * run.end);
  for (let i = run.begin; i < run.end; i++) {
    // As the reference: the order counts evaluations of the whole plan, the slopes those of this run.
    const wanted = Math.min(i + 1, order);
    const known = Math.min(i - run.begin + 1, wanted);
    weights[width * i] = 1;
    for (let k = 0; k < known; k++) weights[width * i + k + 1] = adamsWeight(sigmas, i, k, wanted);
  }
  return weights;
}

/**
 * Integral from sigmas[i] to sigmas[i+1] of the Lagrange polynomial that is 1 at sigmas[i-k] and 0 at the other
 * `order` - 1 latest levels. Its degree is at most 3, for which two Gauss points are exact.
 */
function adamsWeight(sigmas: Float64Array, i: number, k: number, order: number): number {
  const middle = (sigmas[i] + sigmas[i + 1]) / 2;
  const half = (sigmas[i + 1] - sigmas[i]) / 2;
  const offset = half / Math.sqrt(3);
  return (
    half * (lagrange(sigmas, i, k, order, middle - offset) + lagrange(sigmas, i, k, order, middle + offset))
  );
}

function lagrange(sigmas: Float64Array, i: number, k: number, order: number, at: number): number {
  let product = 1;
  for (let j = 0; j < order; j++) {
    if (j !== k) product *= (at - sigmas[i - j]) / (sigmas[i - k] - sigmas[i - j]);
  }
  return product;
}

export const lms = defineScheduler({
  className: NAME,
  fields: {
    ...betaFields(DDPM_BETAS),
    prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
    ...spacingFields,
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
        const sigmas = levelsOrTable(Float64Array.of(...levels.sigmas, 0).map(Math.fround), request);
        return makePlan({
          className: NAME,
          steps: levels.timesteps.length,
          timesteps: levels.timesteps.map(Math.fround),
          timestepKind: 'float32',
          sigmas,
          initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
          order: 1,
          ...veParts((index) => sigmas[index]),
          solver: (run) => lmsSteps(run, config.prediction_type),
        });
      },
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
