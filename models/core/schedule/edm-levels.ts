import { linspaceFloat32 } from './betas.ts';

const f = Math.fround;

export interface EdmRange {
  readonly sigma_min: number;
  readonly sigma_max: number;
  readonly rho: number;
  readonly sigma_schedule: 'karras' | 'exponential';
}

/** Sigmas of Karras et al. 2022, equation 5, or straight in log sigma, in the reference's float32 steps. */
export function edmSigmas(range: EdmRange, count: number): Float64Array {
  if (range.sigma_schedule === 'exponential') {
    const even = linspaceFloat32(Math.log(range.sigma_min), Math.log(range.sigma_max), count);
    return Float64Array.from(even, (value) => f(Math.exp(value))).reverse();
  }
  const top = range.sigma_max ** (1 / range.rho);
  const bottom = range.sigma_min ** (1 / range.rho);
  const ramp = linspaceFloat32(0, 1, count);
  return Float64Array.from(ramp, (value) => f(f(top + f(value * (bottom - top))) ** range.rho));
}
