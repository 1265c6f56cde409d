import { defineScheduler } from '../config/definition.ts';
import type { ConfigOf } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { kDiffusionFields } from '../config/k-diffusion-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { combine, combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { kDiffusionPlan } from '../schedule/k-diffusion-plan.ts';
import { sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Latent, Solver } from '../types.ts';

const NAME = 'DPMPP3MSDEScheduler';

/**
 * DPM++ 3M SDE: k-diffusion's sample_dpmpp_3m_sde, a third-order multistep exponential integrator of the
 * stochastic equation with h_eta = h·(1 + eta) (Lu et al. 2022b, appendices A and B; Gonzalez et al. 2023). With
 * eta 0 it is DPM-Solver++(3M). The step to sigma zero jumps to x0.
 */
function* thirdOrderSdeSteps(
  run: Run,
  { eta, prediction_type: type }: ConfigOf<typeof kDiffusionFields>,
): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  let past: Latent[] = [run.buffer(), run.buffer(), run.buffer()];
  const weights = new Float64Array(5);
  const terms: Latent[] = [];
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    past = [past[2], past[0], past[1]];
    const { fromX, fromPrediction } = toOriginalVe(type, sigma);
    combine2(past[0], fromX, x, fromPrediction, prediction);
    if (next === 0) {
      x.set(past[0]);
    } else {
      const h = Math.log(sigma / next);
      const known = Math.min(i - run.begin + 1, 3);
      thirdOrderWeights(weights, { h: h * (1 + eta), steps: stepRatios(sigmas, i, known, h) });
      terms[0] = x;
      for (let k = 0; k < 3; k++) terms[k + 1] = past[k];
      if (eta > 0) {
        weights[4] = next * Math.sqrt(-Math.expm1(-2 * h * eta));
        terms[4] = run.freshNoise();
      }
      combine(x, eta > 0 ? 5 : 4, weights, terms);
    }
    run.after(i, prediction);
  }
  return x;
}

/** Lengths of the last steps in log sigma over the one ahead, newest first. */
function stepRatios(sigmas: Float64Array, i: number, known: number, h: number): number[] {
  return Array.from({ length: known - 1 }, (_, k) => Math.log(sigmas[i - k - 1] / sigmas[i - k]) / h);
}

interface WeightParts {
  readonly h: number;
  readonly steps: readonly number[];
}

/** Weights of x and of the last three x0, newest first. */
function thirdOrderWeights(out: Float64Array, { h, steps: [r0, r1] }: WeightParts): void {
  const decay = Math.exp(-h);
  const phi2 = Math.expm1(-h) / h + 1;
  const phi3 = phi2 / h - 0.5;
  out.fill(0);
  out[0] = decay;
  out[1] = 1 - decay;
  if (r0 === undefined) return;
  if (r1 === undefined) {
    out[1] += phi2 / r0;
    out[2] = -phi2 / r0;
    return;
  }
  const onFirst = phi2 * (1 + r0 / (r0 + r1)) - phi3 / (r0 + r1);
  const onSecond = -(phi2 * r0) / (r0 + r1) + phi3 / (r0 + r1);
  out[1] += onFirst / r0;
  out[2] = -onFirst / r0 + onSecond / r1;
  out[3] = -onSecond / r1;
}

export const dpm3mSde = defineScheduler({
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
          solver: (run) => thirdOrderSdeSteps(run, config),
        }),
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});
