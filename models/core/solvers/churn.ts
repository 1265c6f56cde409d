import { combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';

/**
 * Karras et al. 2022, algorithm 2, lines 4 to 6: raises the noise in x from sigma to sigma·(1 + gamma) before a
 * step, gamma = min(churn / n, sqrt 2 - 1) while sigma lies in the churned range. Returns the level x then has.
 */
export function churnedSigma(run: Run, sigma: number): number {
  const { churn } = run.options;
  if (!churn || churn.amount <= 0 || sigma < churn.sigmaMin || sigma > churn.sigmaMax) return sigma;
  const gamma = Math.min(churn.amount / (run.plan.sigmas.length - 1), Math.SQRT2 - 1);
  const hat = sigma * (gamma + 1);
  combine2(run.x, 1, run.x, churn.noise * Math.sqrt(hat ** 2 - sigma ** 2), run.freshNoise());
  return hat;
}
