import { combine } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import type { Latent } from '../types.ts';
import type { LambdaLevel } from './dpm-state.ts';

export type DpmAlgorithm = 'dpmsolver++' | 'dpmsolver' | 'sde-dpmsolver++' | 'sde-dpmsolver';
export type DpmVariant = 'midpoint' | 'heun';

interface UpdateParts {
  readonly algorithm: DpmAlgorithm;
  readonly variant: DpmVariant;
  /** All levels of the plan: the update goes from `index` to `index` + 1. */
  readonly levels: readonly LambdaLevel[];
  readonly index: number;
  /** How many predictions it uses, the newest of them made at `index`: 1 to 3. */
  readonly order: number;
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

/** Weights of one update: x, at most three predictions, noise. */
const WIDTH = 5;

/** What the updates of a whole run share. */
export interface UpdatePlan extends Pick<UpdateParts, 'algorithm' | 'variant' | 'levels'> {
  /** Predictions that the update from evaluation `index` uses, 1 to 3. */
  readonly orderAt: (index: number) => number;
  /** The reference multiplies x in float32 even where the rest is in double; so does this, when set. */
  readonly float32: boolean;
}

/** The updates of a run. Their weights are worked out when it begins, so that a step allocates nothing. */
export class DpmUpdater {
  readonly #run: Run;
  readonly #float32: boolean;
  readonly #orders: Int32Array;
  readonly #weights: Float64Array;
  readonly #terms: Latent[];

  constructor(run: Run, { orderAt, float32, ...shared }: UpdatePlan) {
    this.#run = run;
    this.#float32 = float32 && run.x instanceof Float64Array;
    this.#orders = new Int32Array(run.end);
    this.#weights = new Float64Array(WIDTH * run.end);
    this.#terms = [run.x];
    for (let index = run.begin; index < run.end; index++) {
      const order = orderAt(index);
      this.#orders[index] = order;
      writeWeights(this.#weights, WIDTH * index, { ...shared, index, order });
    }
  }

  /**
   * Moves x to the level after `index` with the predictions `items`, newest first; `noise` is read by the stochastic
   * algorithms alone.
   */
  multistep(index: number, items: readonly Latent[], noise: Latent | null): void {
    const { x } = this.#run;
    const weights = this.#weights;
    const terms = this.#terms;
    const order = this.#orders[index];
    const at = WIDTH * index;
    if (this.#float32) {
      const factor = Math.fround(weights[at]);
      for (let i = 0; i < x.length; i++) x[i] = Math.fround(factor * Math.fround(x[i]));
      weights[at] = 1;
    }
    for (let k = 0; k < order; k++) terms[k + 1] = items[k];
    if (noise) terms[order + 1] = noise;
    combine(x, noise ? order + 2 : order + 1, weights, terms, at);
  }
}

/**
 * Writes the weights of x, of the last one to three predictions, and of noise. Second order: D1 = (m0 - m1)/r0. Third
 * order: divided differences D1_0 and D1_1, D1 = D1_0 + r0/(r0 + r1)·(D1_0 - D1_1), D2 = (D1_0 - D1_1)/(r0 + r1).
 */
function writeWeights(out: Float64Array, at: number, parts: UpdateParts): void {
  const { levels, index, order } = parts;
  const { onX, onD0, onD1, onD2, onNoise } = factors(parts);
  out[at] = onX;
  out[at + 1] = onD0;
  out[at + order + 1] = onNoise;
  if (order === 1) return;
  const { lambda } = levels[index];
  const h = levels[index + 1].lambda - lambda;
  const r0 = (lambda - levels[index - 1].lambda) / h;
  if (order === 2) {
    out[at + 1] += onD1 / r0;
    out[at + 2] = -onD1 / r0;
    return;
  }
  const r1 = (levels[index - 1].lambda - levels[index - 2].lambda) / h;
  const share = r0 / (r0 + r1);
  const onFirst = onD1 * (1 + share) + onD2 / (r0 + r1);
  const onSecond = -(onD1 * share + onD2 / (r0 + r1));
  out[at + 1] += onFirst / r0;
  out[at + 2] = -onFirst / r0 + onSecond / r1;
  out[at + 3] = -onSecond / r1;
}
