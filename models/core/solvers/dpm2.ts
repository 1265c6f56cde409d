import { combine2, combine3 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginalVe } from '../prediction.ts';
import { defineDpm2 } from '../schedule/dpm2-plan.ts';
import type { PredictionType, Solver } from '../types.ts';

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

export const dpm2 = defineDpm2({
  className: 'KDPM2DiscreteScheduler',
  ancestral: false,
  middleSlot: (index) => index,
  solver: (run, type, { sigmas_interpol: middle }) => midpointSteps(run, type, middle),
});
