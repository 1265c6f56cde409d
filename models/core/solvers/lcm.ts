import { combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { defineDistilled, type DistilledConfig } from '../schedule/distilled-plan.ts';
import type { Solver } from '../types.ts';
import { limiter } from './limits.ts';

/** Standard deviation of the data, as the boundary conditions of consistency models assume it. */
const SIGMA_DATA = 0.5;

/**
 * Latent consistency models (Luo et al. 2023, equation 9 and algorithm 3): the network's x0, blended with x by the
 * boundary condition, is the answer; between steps it is noised again to the next timestep.
 */
function* lcmSteps(run: Run, config: DistilledConfig, { alphasCumprod }: BetaTables): Solver {
  const { x } = run;
  const { timesteps } = run.plan;
  const limit = limiter(config, run);
  const x0 = run.buffer();
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const t = timesteps[i];
    const a = alphasCumprod[t];
    const { fromX, fromPrediction } = toOriginal(config.prediction_type, Math.sqrt(a), Math.sqrt(1 - a));
    combine2(x0, fromX, x, fromPrediction, prediction);
    limit?.(x0);
    const scaled = t * config.timestep_scaling;
    const skip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2);
    const out = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2);
    combine2(x, out, x0, skip, x);
    if (i + 1 < timesteps.length) {
      const aNext = alphasCumprod[timesteps[i + 1]];
      combine2(x, Math.sqrt(aNext), x, Math.sqrt(1 - aNext), run.freshNoise());
    }
    run.after(i, prediction);
  }
  return x;
}

export const lcm = defineDistilled({
  className: 'LCMScheduler',
  stochastic: true,
  needsRng: (_, steps) => steps > 1,
  solver: lcmSteps,
});
