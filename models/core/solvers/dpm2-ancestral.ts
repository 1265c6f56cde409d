import { combine, combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginalVe } from '../prediction.ts';
import type { Dpm2Levels } from '../schedule/dpm2-levels.ts';
import { defineDpm2 } from '../schedule/dpm2-plan.ts';
import type { PredictionType, Solver } from '../types.ts';

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

export const dpm2Ancestral = defineDpm2({
  className: 'KDPM2AncestralDiscreteScheduler',
  ancestral: true,
  middleSlot: (index) => index - 1,
  solver: ancestralMidpointSteps,
});
