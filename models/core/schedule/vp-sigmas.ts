import { logFloat32 } from '../math/log-float32.ts';
import { sqrtFloat32 } from '../math/sqrt-float32.ts';
import type { BetaTables } from './betas.ts';
import { betaSigmas } from './beta-spacing.ts';
import { exponentialSigmas, karrasSigmas } from './spacing.ts';
import type { FlowSpacing } from './flow.ts';

const f = Math.fround;

/** The noise-to-signal ratios of a discrete process, sqrt((1 - a) / a), and their logarithms, by timestep. */
export interface SigmaTable {
  /** float32 values, ascending with the timestep. */
  readonly sigmas: Float64Array;
  /** float32 values. */
  readonly logSigmas: Float64Array;
}

/** Half precision's smallest number stands in for a zero last alpha, so that the first sigma is finite. */
export const LEAST_ALPHA = 2 ** -24;

/** @param finite replaces an alpha of exactly zero at the last timestep by LEAST_ALPHA. */
export function sigmaTable({ alphasCumprod }: BetaTables, finite: boolean): SigmaTable {
  const last = alphasCumprod.length - 1;
  const sigmas = Float64Array.from(alphasCumprod, (value, t) => {
    const alpha = finite && t === last ? LEAST_ALPHA : value;
    return sqrtFloat32(f(f(1 - alpha) / alpha));
  });
  return { sigmas, logSigmas: sigmas.map((sigma) => logFloat32(sigma)) };
}

/** Sigma at a fractional timestep, on straight lines between the table's values. */
export function sigmaAt({ sigmas }: SigmaTable, timestep: number): number {
  const last = sigmas.length - 1;
  if (timestep >= last) return sigmas[last];
  if (timestep <= 0) return sigmas[0];
  const low = Math.floor(timestep);
  return (sigmas[low + 1] - sigmas[low]) * (timestep - low) + sigmas[low];
}

/** The fractional timestep with the given sigma, on straight lines in log sigma. */
export function timestepAt({ logSigmas }: SigmaTable, sigma: number): number {
  const wanted = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  for (let t = 0; t < logSigmas.length; t++) if (logSigmas[t] <= wanted) low = t;
  low = Math.min(low, logSigmas.length - 2);
  const w = (logSigmas[low] - wanted) / (logSigmas[low] - logSigmas[low + 1]);
  const share = Math.min(Math.max(w, 0), 1);
  return (1 - share) * low + share * (low + 1);
}

/** `count` sigmas from the largest to the smallest under a spacing other than plain. */
export function respacedSigmas(
  spacing: Exclude<FlowSpacing, 'plain'>,
  largest: number,
  smallest: number,
  count: number,
): Float64Array {
  switch (spacing) {
    case 'karras':
      return karrasSigmas(largest, smallest, count);
    case 'exponential':
      return exponentialSigmas(largest, smallest, count);
    case 'beta':
      return betaSigmas(largest, smallest, count);
  }
}
