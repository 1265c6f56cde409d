import { combine } from '../math/kernels.ts';
import type { Latent } from '../types.ts';
import type { LambdaLevel } from './dpm-state.ts';

export type DpmAlgorithm = 'dpmsolver++' | 'dpmsolver' | 'sde-dpmsolver++' | 'sde-dpmsolver';
export type DpmVariant = 'midpoint' | 'heun';

export interface UpdateParts {
  readonly algorithm: DpmAlgorithm;
  readonly variant: DpmVariant;
  /** All levels of the plan: the update goes from `index` to `index` + 1. */
  readonly levels: readonly LambdaLevel[];
  readonly index: number;
  /** How many predictions it uses, the newest of them made at `index`: 1 to 3. */
  readonly order: number;
  /** The reference multiplies x in float32 even where the rest is in double; so does this, when set. */
  readonly float32: boolean;
}

/** Factors of one update: x ← onX·x + onD·D0 + onD1·D1 + onD2·D2 + onNoise·noise. */
interface Factors {
  readonly onX: number;
  readonly onD0: number;
  readonly onD1: number;
  readonly onD2: number;
  readonly onNoise: number;
}

/**
 * Exponential integrators in lambda, with h = lambda' - lambda. Data prediction: DPM-Solver++ (Lu et al. 2022b,
 * equations 10 to 13 and appendix A); noise prediction: DPM-Solver (Lu et al. 2022a, section 3 and appendix B);
 * their stochastic forms: appendix B of the former. D1 and D2 approximate the derivatives of the prediction.
 */
function factors({ algorithm, variant, levels, index, order }: UpdateParts): Factors {
  const now = levels[index];
  const { alpha, sigma, lambda } = levels[index + 1];
  const h = lambda - now.lambda;
  const heun = variant === 'heun' || order === 3;
  switch (algorithm) {
    case 'dpmsolver++': {
      const phi = Math.expm1(-h);
      return {
        onX: sigma / now.sigma,
        onD0: -alpha * phi,
        onD1: heun ? alpha * (phi / h + 1) : -0.5 * alpha * phi,
        onD2: -alpha * ((phi + h) / h ** 2 - 0.5),
        onNoise: 0,
      };
    }
    case 'dpmsolver': {
      const phi = Math.expm1(h);
      return {
        onX: alpha / now.alpha,
        onD0: -sigma * phi,
        onD1: heun ? -sigma * (phi / h - 1) : -0.5 * sigma * phi,
        onD2: -sigma * ((phi - h) / h ** 2 - 0.5),
        onNoise: 0,
      };
    }
    case 'sde-dpmsolver++': {
      const phi = -Math.expm1(-2 * h);
      return {
        onX: (sigma / now.sigma) * Math.exp(-h),
        onD0: alpha * phi,
        onD1: heun ? alpha * (phi / (-2 * h) + 1) : 0.5 * alpha * phi,
        // The reference subtracts 1/2 where the series of the bracket would add it; equal results need the same.
        onD2: alpha * ((phi - 2 * h) / (2 * h) ** 2 - 0.5),
        onNoise: sigma * Math.sqrt(phi),
      };
    }
    case 'sde-dpmsolver': {
      const phi = Math.expm1(h);
      return {
        onX: alpha / now.alpha,
        onD0: -2 * sigma * phi,
        onD1: heun ? -2 * sigma * (phi / h - 1) : -sigma * phi,
        onD2: 0,
        onNoise: sigma * Math.sqrt(Math.expm1(2 * h)),
      };
    }
  }
}

/** Reused by every update of one solver, so that stepping allocates nothing of x's size. */
export class DpmUpdater {
  readonly #weights = new Float64Array(5);
  readonly #terms: Latent[] = [];

  /**
   * Moves x to the next level with the predictions `items`, newest first; `noise` is read by the stochastic
   * algorithms alone.
   */
  multistep(x: Latent, items: readonly Latent[], parts: UpdateParts, noise: Latent | null): void {
    const { order } = parts;
    const weights = this.#weights;
    const terms = this.#terms;
    const made = factors(parts);
    weights[0] = made.onX;
    if (parts.float32 && x instanceof Float64Array) {
      for (let i = 0; i < x.length; i++) x[i] = Math.fround(Math.fround(made.onX) * Math.fround(x[i]));
      weights[0] = 1;
    }
    predictionWeights(weights, parts, made);
    terms[0] = x;
    for (let k = 0; k < order; k++) terms[k + 1] = items[k];
    if (noise) {
      weights[order + 1] = made.onNoise;
      terms[order + 1] = noise;
    }
    combine(x, noise ? order + 2 : order + 1, weights, terms);
  }
}

/**
 * Writes the weights of the last one to three predictions from out[1] on. Second order: D1 = (m0 - m1)/r0. Third order:
 * divided differences D1_0 and D1_1, D1 = D1_0 + r0/(r0 + r1)·(D1_0 - D1_1), D2 = (D1_0 - D1_1)/(r0 + r1).
 */
function predictionWeights(
  out: Float64Array,
  { levels, index, order }: UpdateParts,
  { onD0, onD1, onD2 }: Factors,
): void {
  out[1] = onD0;
  if (order === 1) return;
  const { lambda } = levels[index];
  const h = levels[index + 1].lambda - lambda;
  const r0 = (lambda - levels[index - 1].lambda) / h;
  if (order === 2) {
    out[1] += onD1 / r0;
    out[2] = -onD1 / r0;
    return;
  }
  const r1 = (levels[index - 1].lambda - levels[index - 2].lambda) / h;
  const share = r0 / (r0 + r1);
  const onFirst = onD1 * (1 + share) + onD2 / (r0 + r1);
  const onSecond = -(onD1 * share + onD2 / (r0 + r1));
  out[1] += onFirst / r0;
  out[2] = -onFirst / r0 + onSecond / r1;
  out[3] = -onSecond / r1;
}
