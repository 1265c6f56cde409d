import { combine } from '../math/kernels.ts';
import type { Latent, NoiseLevel } from '../types.ts';
import { lambdaOf } from './dpm-state.ts';

export type DpmAlgorithm = 'dpmsolver++' | 'dpmsolver' | 'sde-dpmsolver++' | 'sde-dpmsolver';
export type DpmVariant = 'midpoint' | 'heun';

export interface UpdateParts {
  readonly algorithm: DpmAlgorithm;
  readonly variant: DpmVariant;
  /** Level the update goes to. */
  readonly to: NoiseLevel;
  /** Levels of the newest prediction and of the older ones, as many as the order. */
  readonly from: readonly NoiseLevel[];
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
function factors({ algorithm, variant, to, from }: UpdateParts): Factors {
  const { alpha, sigma } = to;
  const [now] = from;
  const h = lambdaOf(to) - lambdaOf(now);
  const heun = variant === 'heun' || from.length === 3;
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
   * Moves x to `parts.to` with the predictions `items`, newest first; `noise` is read by the stochastic
   * algorithms alone.
   */
  multistep(x: Latent, items: readonly Latent[], parts: UpdateParts, noise: Latent | null): void {
    const { onX, onD0, onD1, onD2, onNoise } = factors(parts);
    const [a, b, c] = derivativeWeights(parts, onD0, onD1, onD2);
    const weights = this.#weights;
    const terms = this.#terms;
    let count = 0;
    const add = (weight: number, term: Latent) => {
      weights[count] = weight;
      terms[count++] = term;
    };
    if (parts.float32 && x instanceof Float64Array) {
      for (let i = 0; i < x.length; i++) x[i] = Math.fround(Math.fround(onX) * Math.fround(x[i]));
      add(1, x);
    } else add(onX, x);
    add(a, items[0]);
    if (parts.from.length > 1) add(b, items[1]);
    if (parts.from.length > 2) add(c, items[2]);
    if (noise) add(onNoise, noise);
    combine(x, count, weights, terms);
  }
}

/**
 * Weights of the last one to three predictions. Second order: D1 = (m0 - m1)/r0. Third order: divided
 * differences D1_0 and D1_1, D1 = D1_0 + r0/(r0 + r1)·(D1_0 - D1_1), D2 = (D1_0 - D1_1)/(r0 + r1).
 */
function derivativeWeights(
  { from, to }: UpdateParts,
  onD0: number,
  onD1: number,
  onD2: number,
): readonly [number, number, number] {
  if (from.length === 1) return [onD0, 0, 0];
  const lambda = from.map(lambdaOf);
  const h = lambdaOf(to) - lambda[0];
  const r0 = (lambda[0] - lambda[1]) / h;
  if (from.length === 2) return [onD0 + onD1 / r0, -onD1 / r0, 0];
  const r1 = (lambda[1] - lambda[2]) / h;
  const share = r0 / (r0 + r1);
  const onFirst = onD1 * (1 + share) + onD2 / (r0 + r1);
  const onSecond = -(onD1 * share + onD2 / (r0 + r1));
  return [onD0 + onFirst / r0, -onFirst / r0 + onSecond / r1, -onSecond / r1];
}
