import type { Corruption, Rng } from '../types.ts';
import { pick } from './mdlm.ts';

/** A square matrix in row-major order. */
export type Matrix = Float64Array;

export interface D3pmOptions {
  /** Number of states, the mask included where there is one. */
  readonly states: number;
  /** Number of steps T. */
  readonly steps: number;
  /** Probability of a change at step t = 1 … T. */
  readonly beta: (t: number) => number;
  /** What a changed token becomes: the mask (the last state), or any state alike. */
  readonly kind: 'absorbing' | 'uniform';
}

/** beta(t) = 1/(T - t + 1): the share of masked tokens grows evenly (Austin et al. 2021, section 3.1). */
export function evenBeta(steps: number): (t: number) => number {
  return (t) => 1 / (steps - t + 1);
}

/**
 * Structured denoising diffusion in discrete state-spaces (Austin et al. 2021): tokens change by the matrices Q_t,
 * Q[i][j] = P(x_t = j | x_{t-1} = i).
 */
export class D3pm implements Corruption<Int32Array, Float64Array, number> {
  readonly #options: D3pmOptions;
  readonly #length: number;
  readonly #one: readonly Matrix[];
  readonly #cumulative: readonly Matrix[];

  /** @param length of the sequences the process corrupts. */
  constructor(options: D3pmOptions, length: number) {
    this.#options = options;
    this.#length = length;
    const one = [identity(options.states)];
    const cumulative = [identity(options.states)];
    for (let t = 1; t <= options.steps; t++) {
      one.push(transition(options, t));
      cumulative.push(multiply(cumulative[t - 1], one[t], options.states));
    }
    this.#one = one;
    this.#cumulative = cumulative;
  }

  /** Q_1 · … · Q_t: P(x_t = j | x_0 = i). */
  cumulative(t: number): Matrix {
    return this.#cumulative[t];
  }

  /** q(x_{t-1} | x_t, x_0), equation 3; zeros where x_t cannot be reached from x_0. */
  posterior(now: number, original: number, t: number): Float64Array {
    const n = this.#options.states;
    const reached = this.#cumulative[t][original * n + now];
    return Float64Array.from({ length: n }, (_, k) => {
      if (reached === 0) return 0;
      return (this.#one[t][k * n + now] * this.#cumulative[t - 1][original * n + k]) / reached;
    });
  }

  /** p(x_{t-1} | x_t) under predicted probabilities of x_0, equation 4, normalised. */
  reverseLaw(now: number, predicted: ArrayLike<number>, t: number): Float64Array {
    const n = this.#options.states;
    const law = new Float64Array(n);
    for (let original = 0; original < n; original++) {
      const posterior = this.posterior(now, original, t);
      for (let k = 0; k < n; k++) law[k] += predicted[original] * posterior[k];
    }
    const sum = law.reduce((a, b) => a + b, 0);
    return law.map((value) => value / sum);
  }

  prior(rng: Rng): Int32Array {
    const { states, kind } = this.#options;
    if (kind === 'absorbing') return new Int32Array(this.#length).fill(states - 1);
    const uniform = new Float64Array(this.#length);
    rng.rand(uniform);
    return Int32Array.from(uniform, (u) => Math.floor(u * states));
  }

  forward(original: Int32Array, t: number, rng: Rng): Int32Array {
    const n = this.#options.states;
    const uniform = new Float64Array(original.length);
    rng.rand(uniform);
    return original.map((token, i) => pick(this.#cumulative[t], token * n, n, uniform[i]));
  }

  /**
   * One step back.
   * @param predicted probabilities of x_0, row-major length × states.
   * @throws RangeError when the process is asked to skip steps, for which Q has no closed form here.
   */
  reverse(x: Int32Array, predicted: Float64Array, t: number, s: number, rng: Rng): Int32Array {
    if (s !== t - 1) throw new RangeError(`D3PM goes back one step at a time, not from ${t} to ${s}`);
    const n = this.#options.states;
    const uniform = new Float64Array(x.length);
    rng.rand(uniform);
    return x.map((token, i) => {
      const law = this.reverseLaw(token, predicted.subarray(i * n, (i + 1) * n), t);
      return pick(law, 0, n, uniform[i]);
    });
  }
}

function identity(n: number): Matrix {
  return Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
}

function transition({ states: n, beta, kind }: D3pmOptions, t: number): Matrix {
  const change = beta(t);
  return identity(n).map((same, k) => {
    const target = kind === 'uniform' ? 1 / n : k % n === n - 1 ? 1 : 0;
    return (1 - change) * same + change * target;
  });
}

function multiply(a: Matrix, b: Matrix, n: number): Matrix {
  return a.map((_, k) => {
    const row = Math.floor(k / n) * n;
    const column = k % n;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[row + j] * b[j * n + column];
    return sum;
  });
}
