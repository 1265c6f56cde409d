import { sqrtFloat32 } from '../math/sqrt-float32.ts';
import { combine2 } from '../math/kernels.ts';
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
  readonly depth: number;
  readonly type: PredictionType;
  readonly target: 'original' | 'noise';
  readonly limits: LimitConfig;
}

/**
 * The last few predictions of a multistep solver, converted to x0 or to noise, newest first, in arrays that
 * are reused.
 */
export class History {
  readonly items: Latent[];
  #known = 0;
  readonly #run: Run;
  readonly #options: HistoryOptions;
  readonly #limit: ((x0: Latent) => void) | null;

  constructor(run: Run, options: HistoryOptions) {
    this.#run = run;
    this.#options = options;
    this.items = Array.from({ length: options.depth }, () => run.buffer());
    this.#limit = limiter(options.limits, run);
  }

  /** How many of `items` hold a prediction. */
  get known(): number {
    return this.#known;
  }

  /** Converts a prediction made at `level` and puts it in front. */
  push(prediction: Latent, level: NoiseLevel): Latent {
    const oldest = this.items.pop() ?? this.#run.buffer();
    this.items.unshift(oldest);
    this.#known = Math.min(this.#known + 1, this.items.length);
    this.convert(oldest, prediction, level);
    return oldest;
  }

  /** out = the prediction as x0 or noise; a limited x0 is turned back into noise where noise is wanted. */
  convert(out: Latent, prediction: Latent, { alpha, sigma }: NoiseLevel): void {
    const { type, target } = this.#options;
    const { x } = this.#run;
    if (target === 'noise' && !this.#limit) {
      const { fromX, fromPrediction } = toNoise(type, alpha, sigma);
      combine2(out, fromX, x, fromPrediction, prediction);
      return;
    }
    const { fromX, fromPrediction } = toOriginal(type, alpha, sigma);
    combine2(out, fromX, x, fromPrediction, prediction);
    this.#limit?.(out);
    if (target === 'noise') combine2(out, 1 / sigma, x, -alpha / sigma, out);
  }
}
