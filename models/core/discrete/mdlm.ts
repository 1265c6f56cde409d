import type { Corruption, Rng } from '../types.ts';
import type { AlphaSchedule } from './alpha.ts';

export interface MaskedProcess {
  /** Real tokens are 0 … vocab - 1; `vocab` itself is the mask. */
  readonly vocab: number;
  readonly length: number;
  readonly alpha: AlphaSchedule;
}

/** Probabilities of every position's token, row-major length × vocab. */
export type TokenProbabilities = Float64Array;

/** Probability that a masked token stays masked from t back to s < t: (1 - alpha(s)) / (1 - alpha(t)). */
export function stayMasked({ alpha }: MaskedProcess, t: number, s: number): number {
  return (1 - alpha(s)) / (1 - alpha(t));
}

/**
 * The reverse step's law (Sahoo et al. 2024, "Simple and effective masked diffusion language models", equation 7),
 * row-major length × (vocab + 1), the mask last. Revealed positions keep their token.
 */
export function maskedPosterior(
  process: MaskedProcess,
  tokens: ArrayLike<number>,
  probabilities: TokenProbabilities,
  t: number,
  s: number,
): Float64Array {
  const { vocab, length } = process;
  const stay = stayMasked(process, t, s);
  const reveal = 1 - stay;
  const out = new Float64Array(length * (vocab + 1));
  for (let i = 0; i < length; i++) {
    const row = i * (vocab + 1);
    if (tokens[i] !== vocab) {
      out[row + tokens[i]] = 1;
      continue;
    }
    for (let v = 0; v < vocab; v++) out[row + v] = reveal * probabilities[i * vocab + v];
    out[row + vocab] = stay;
  }
  return out;
}

/**
 * Masked diffusion language models as a corruption of token sequences. The reverse step draws two uniform values
 * for every position, needed or not, so that the stream does not depend on the sequence.
 */
export function maskedDiffusion(process: MaskedProcess): Corruption<Int32Array, TokenProbabilities, number> {
  const { vocab, length, alpha } = process;
  return {
    prior: () => new Int32Array(length).fill(vocab),
    forward(original, t, rng) {
      const uniform = draw(rng, length);
      return original.map((token, i) => (uniform[i] < alpha(t) ? token : vocab));
    },
    reverse(tokens, probabilities, t, s, rng) {
      const stay = stayMasked(process, t, s);
      const uniform = draw(rng, 2 * length);
      return tokens.map((token, i) => {
        if (token !== vocab || uniform[2 * i] < stay) return token;
        return pick(probabilities, i * vocab, vocab, uniform[2 * i + 1]);
      });
    },
  };
}

/** Expected number of masked positions at time t. */
export function expectedMasked({ length, alpha }: MaskedProcess, t: number): number {
  return length * (1 - alpha(t));
}

/**
 * Tokens still masked after each of `steps` steps of confidence-ordered decoding (Chang et al. 2022, MaskGIT,
 * section 3.3): floor(length · cos(pi/2 · (k + 1)/steps)).
 */
export function maskgitCounts(length: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, k) =>
    k === steps - 1 ? 0 : Math.floor(length * Math.cos((Math.PI / 2) * ((k + 1) / steps))),
  );
}

/** Turns logits into probabilities, row by row. */
export function softmaxRows(logits: Float64Array, columns: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += columns) {
    let most = Number.NEGATIVE_INFINITY;
    for (let j = row; j < row + columns; j++) most = Math.max(most, logits[j]);
    let sum = 0;
    for (let j = row; j < row + columns; j++) {
      out[j] = Math.exp(logits[j] - most);
      sum += out[j];
    }
    for (let j = row; j < row + columns; j++) out[j] /= sum;
  }
  return out;
}

function draw(rng: Rng, count: number): Float64Array {
  const uniform = new Float64Array(count);
  rng.rand(uniform);
  return uniform;
}

/** The number of cumulative probabilities that do not exceed u, at most the last index. */
export function pick(probabilities: Float64Array, from: number, count: number, u: number): number {
  let sum = 0;
  for (let v = 0; v < count - 1; v++) {
    sum += probabilities[from + v];
    if (u < sum) return v;
  }
  return count - 1;
}
