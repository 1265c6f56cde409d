import { betaQuantile } from '../math/beta-distribution.ts';
import { linspace } from './spacing.ts';

/** Lee et al. 2024, "Beta sampling is all you need": levels at quantiles of Beta(0.6, 0.6), dense at both ends. */
export function betaSigmas(largest: number, smallest: number, count: number): Float64Array {
  return linspace(0, 1, count).map(
    (ramp) => smallest + betaQuantile(1 - ramp, 0.6, 0.6) * (largest - smallest),
  );
}
