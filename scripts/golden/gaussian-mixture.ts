import { edmOriginal } from '../../models/core/solvers/edm-precondition.ts';
import type { Evaluation, Latent, NoiseLevel } from '../../models/core/types.ts';

export interface MixtureParts {
  readonly weights: Float64Array;
  /** Row-major components × dimensions. */
  readonly means: Float64Array;
  readonly stds: Float64Array;
}

export interface Expectation {
  readonly original: Float64Array;
  readonly noise: Float64Array;
}

/** A mixture of isotropic gaussians, whose best denoiser is known in closed form. */
export class GaussianMixture {
  readonly #parts: MixtureParts;
  readonly #dimensions: number;

  constructor(parts: MixtureParts) {
    this.#parts = parts;
    this.#dimensions = parts.means.length / parts.weights.length;
  }

  /** E[x0 | x] and E[noise | x] for rows of x = alpha · x0 + sigma · noise. */
  expectation(x: Latent, level: NoiseLevel): Expectation {
    const original = new Float64Array(x.length);
    const noise = new Float64Array(x.length);
    for (let row = 0; row < x.length; row += this.#dimensions) this.#row(x, row, level, original, noise);
    return { original, noise };
  }

  /** E[noise - x0 | x], what a flow-matching network predicts. */
  velocity(at: Evaluation): Float64Array {
    const { original, noise } = this.expectation(at.x, at);
    return noise.map((value, i) => value - original[i]);
  }

  /** F with E[x0 | x] = c_skip x + c_out F, what a network with EDM's preconditioning predicts. */
  edmOutput(at: Evaluation, data: number): Float64Array {
    const { original } = this.expectation(at.x, at);
    const { fromX, fromPrediction } = edmOriginal('epsilon', at.sigma, data);
    return original.map((value, i) => (value - fromX * at.x[i]) / fromPrediction);
  }

  #row(
    x: Latent,
    row: number,
    { alpha, sigma }: NoiseLevel,
    original: Float64Array,
    noise: Float64Array,
  ): void {
    const { weights, means, stds } = this.#parts;
    const d = this.#dimensions;
    const variances = stds.map((std) => (alpha * std) ** 2 + sigma ** 2);
    const logs = weights.map((weight, k) => {
      let square = 0;
      for (let j = 0; j < d; j++) square += (x[row + j] - alpha * means[k * d + j]) ** 2;
      return Math.log(weight) - (d / 2) * Math.log(variances[k]) - square / (2 * variances[k]);
    });
    const most = Math.max(...logs);
    const shares = logs.map((value) => Math.exp(value - most));
    const total = shares.reduce((a, b) => a + b, 0);
    shares.forEach((share, k) => {
      const r = share / total;
      for (let j = 0; j < d; j++) {
        const mean = means[k * d + j];
        const rest = (x[row + j] - alpha * mean) / variances[k];
        original[row + j] += r * (mean + alpha * stds[k] ** 2 * rest);
        noise[row + j] += r * sigma * rest;
      }
    });
  }
}
