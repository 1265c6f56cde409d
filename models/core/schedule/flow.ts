import { betaSigmas } from './beta-spacing.ts';
import { exponentialSigmas, karrasSigmas, linspace } from './spacing.ts';

const f = Math.fround;

/** Moves noise levels in [0, 1] towards the noisy end: s·t / (1 + (s - 1)·t), Esser et al. 2024, equation 23. */
export function shiftSigma(sigma: number, shift: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma);
}

/** The same, with float32 rounding after every operation, where the reference keeps float32 tensors. */
export function shiftSigmaFloat32(sigma: number, shift: number): number {
  return f(f(shift * sigma) / f(1 + f((shift - 1) * sigma)));
}

/** Shift by picture size: e^mu / (e^mu + 1/t - 1), Black Forest Labs 2024; `linear` puts mu in place of e^mu. */
export function dynamicShift(sigma: number, mu: number, type: 'exponential' | 'linear'): number {
  const weight = type === 'exponential' ? Math.exp(mu) : mu;
  return weight / (weight + (1 / sigma - 1));
}

/** The same for a float32 noise level, with float32 rounding after every operation. */
export function dynamicShiftFloat32(sigma: number, mu: number, type: 'exponential' | 'linear'): number {
  const weight = f(type === 'exponential' ? Math.exp(mu) : mu);
  return f(weight / f(weight + f(f(1 / sigma) - 1)));
}

/**
 * mu for a latent of `length` tokens, on the line through (baseLength, baseShift) and (maxLength, maxShift).
 * Beyond the two points the line goes on.
 */
export function shiftForLength(
  length: number,
  {
    baseLength = 256,
    maxLength = 4096,
    baseShift = 0.5,
    maxShift = 1.15,
  }: { baseLength?: number; maxLength?: number; baseShift?: number; maxShift?: number } = {},
): number {
  const slope = (maxShift - baseShift) / (maxLength - baseLength);
  return length * slope + (baseShift - slope * baseLength);
}

export type FlowSpacing = 'plain' | 'karras' | 'exponential' | 'beta';

/** Lays the levels anew between the first and the last of `sigmas`. */
export function respace(sigmas: Float64Array, spacing: FlowSpacing): Float64Array {
  const count = sigmas.length;
  const largest = sigmas[0];
  const smallest = sigmas[count - 1];
  switch (spacing) {
    case 'plain':
      return sigmas;
    case 'karras':
      return karrasSigmas(largest, smallest, count);
    case 'exponential':
      return exponentialSigmas(largest, smallest, count);
    case 'beta':
      return betaSigmas(largest, smallest, count);
  }
}

/** Stretches 1 - sigma so that the last level becomes `terminal` (Lightricks 2024). */
export function stretchToTerminal(sigmas: Float64Array, terminal: number): Float64Array {
  const factor = (1 - sigmas[sigmas.length - 1]) / (1 - terminal);
  return sigmas.map((sigma) => 1 - (1 - sigma) / factor);
}

/** Smallest and largest level of the training grid 1/T … 1 after the shift, as float32 tensors hold them. */
export function trainingRange(
  numTrainTimesteps: number,
  shift: number,
): readonly [smallest: number, largest: number] {
  return [shiftSigmaFloat32(f(1 / numTrainTimesteps), shift), shiftSigmaFloat32(1, shift)];
}

/** Levels at equally spaced training timesteps between the ends of the training grid. */
export function uniformFlowSigmas(numTrainTimesteps: number, shift: number, count: number): Float64Array {
  const [smallest, largest] = trainingRange(numTrainTimesteps, shift);
  return linspace(largest * numTrainTimesteps, smallest * numTrainTimesteps, count).map(
    (timestep) => timestep / numTrainTimesteps,
  );
}
