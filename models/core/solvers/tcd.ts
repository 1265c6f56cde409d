import { combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toNoise, toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { defineDistilled, type DistilledConfig } from '../schedule/distilled-plan.ts';
import type { Solver } from '../types.ts';

/**
 * Trajectory consistency distillation (Zheng et al. 2024, algorithm 4): a deterministic jump to timestep
 * s = (1 - eta)·t', then noise up to t'. eta 0 is deterministic, eta 1 samples like a consistency model.
 */
function* tcdSteps(run: Run, config: DistilledConfig, { alphasCumprod }: BetaTables): Solver {
  const { x, options } = run;
  const { eta = 0.3 } = options;
  const { timesteps } = run.plan;
  const x0 = run.buffer();
  const noise = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const a = alphasCumprod[timesteps[i]];
    const next = i + 1 < timesteps.length ? timesteps[i + 1] : 0;
    const between = alphasCumprod[Math.floor((1 - eta) * next)];
    const alpha = Math.sqrt(a);
    const sigma = Math.sqrt(1 - a);
    const original = toOriginal(config.prediction_type, alpha, sigma);
    const direction = toNoise(config.prediction_type, alpha, sigma);
    combine2(x0, original.fromX, x, original.fromPrediction, prediction);
    combine2(noise, direction.fromX, x, direction.fromPrediction, prediction);
    combine2(x, Math.sqrt(between), x0, Math.sqrt(1 - between), noise);
    if (eta > 0 && i + 1 < timesteps.length) {
      const ratio = alphasCumprod[next] / between;
      combine2(x, Math.sqrt(ratio), x, Math.sqrt(1 - ratio), run.freshNoise());
    }
    run.after(i, prediction);
  }
  return x;
}

export const tcd = defineDistilled({
  className: 'TCDScheduler',
  stochastic: false,
  needsRng: ({ eta = 0.3 }, steps) => eta > 0 && steps > 1,
  solver: tcdSteps,
});
