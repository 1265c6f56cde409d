import { sqrtFloat32 } from '../math/sqrt-float32.ts';
import { combine2, rotate } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toNoise, toOriginal, vpLevel } from '../prediction.ts';
import type { Latent, NoiseLevel, PredictionType } from '../types.ts';
import { type LimitConfig, limiter } from './limits.ts';

/** Which form of x a solver of this family works in. */
export type LevelForm = 'vp' | 'flow' | 've';

const f = Math.fround;

/** A level with half its log signal-to-noise ratio, lambda = log(alpha / sigma); infinite where the noise ends. */
export interface LambdaLevel extends NoiseLevel {
  readonly lambda: number;
}

/**
 * Signal, noise and lambda for every value of the plan's `sigmas`. The reference keeps them in float32 scalars, and the
 * differences of their logarithms carry that rounding into every coefficient, so they are rounded here, except for `ve`,
 * where there is nothing to round, and where the caller wants double precision.
 */
export function levelsOf(run: Run, form: LevelForm): readonly LambdaLevel[] {
  const exact = run.options.scalars === 'double';
  return Array.from(run.plan.sigmas, (sigma) => {
    const level = exact ? exactLevelOf(form, sigma) : roundedLevelOf(form, sigma);
    return { ...level, lambda: exact ? Math.log(level.alpha / level.sigma) : roundedLambda(level) };
  });
}

function roundedLevelOf(form: LevelForm, sigma: number): NoiseLevel {
  switch (form) {
    case 'vp': {
      const alpha = f(1 / sqrtFloat32(f(f(sigma * sigma) + 1)));
      return { alpha, sigma: f(sigma * alpha) };
    }
    case 'flow':
      return { alpha: f(1 - sigma), sigma };
    case 've':
      return { alpha: 1, sigma };
  }
}

function roundedLambda({ alpha, sigma }: NoiseLevel): number {
  if (alpha === 1) return -Math.log(sigma);
  return f(f(Math.log(alpha)) - f(Math.log(sigma)));
}

/** The same in full precision, for whoever looks at x from outside. */
export function exactLevelOf(form: LevelForm, sigma: number): NoiseLevel {
  switch (form) {
    case 'vp':
      return vpLevel(sigma);
    case 'flow':
      return { alpha: 1 - sigma, sigma };
    case 've':
      return { alpha: 1, sigma };
  }
}

export interface HistoryOptions {
  readonly levels: readonly LambdaLevel[];
  readonly depth: number;
  readonly type: PredictionType;
  readonly target: 'original' | 'noise';
  readonly limits: LimitConfig;
}

/**
 * The last few predictions of a multistep solver, converted to x0 or to noise, newest first, in arrays that
 * are reused. How each prediction is converted is worked out when the run begins.
 */
export class History {
  readonly items: Latent[];
  readonly #run: Run;
  readonly #levels: readonly LambdaLevel[];
  readonly #limit: ((x0: Latent) => void) | null;
  /** A limited x0 is turned back into noise where noise is wanted. */
  readonly #turnsBack: boolean;
  /** Factors on x and on the prediction for every evaluation. */
  readonly #factors: Float64Array;

  constructor(run: Run, { levels, depth, type, target, limits }: HistoryOptions) {
    this.#run = run;
    this.#levels = levels;
    this.items = Array.from({ length: depth }, () => run.buffer());
    this.#limit = limiter(limits, run);
    this.#turnsBack = target === 'noise' && this.#limit !== null;
    const convert = target === 'noise' && !this.#limit ? toNoise : toOriginal;
    this.#factors = new Float64Array(2 * run.end);
    for (let i = run.begin; i < run.end; i++) {
      const { alpha, sigma } = levels[i];
      const { fromX, fromPrediction } = convert(type, alpha, sigma);
      this.#factors[2 * i] = fromX;
      this.#factors[2 * i + 1] = fromPrediction;
    }
  }

  /** Converts the prediction of evaluation `index` and puts it in front. */
  push(prediction: Latent, index: number): void {
    rotate(this.items);
    const out = this.items[0];
    const { x } = this.#run;
    combine2(out, this.#factors[2 * index], x, this.#factors[2 * index + 1], prediction);
    this.#limit?.(out);
    if (this.#turnsBack) {
      const { alpha, sigma } = this.#levels[index];
      combine2(out, 1 / sigma, x, -alpha / sigma, out);
    }
  }
}
