import type { Corruption, Rng } from '../types.ts';
import { type PointCloudBatch, zeroComNoise } from './zero-com.ts';

export interface MoleculeScheduleOptions {
  readonly steps: number;
  readonly power: number;
  /** Keeps the signal within [s, 1 - s]. */
  readonly precision: number;
  /** Least ratio of the signals of two neighbouring steps. */
  readonly leastRatio: number;
}

/** alpha_t² for t = 0 … T and gamma_t = -ln(alpha²/sigma²). */
export interface MoleculeSchedule {
  readonly alphasSquared: Float64Array;
  readonly gamma: Float64Array;
}

/** The polynomial schedule of Hoogeboom et al. 2022, appendix B. */
export function moleculeSchedule({
  steps,
  power,
  precision,
  leastRatio,
}: MoleculeScheduleOptions): MoleculeSchedule {
  let previous = 1;
  let product = 1;
  const alphasSquared = Float64Array.from({ length: steps + 1 }, (_, t) => {
    const plain = (1 - (t * ((steps + 1) / steps)) ** power / (steps + 1) ** power) ** 2;
    product *= Math.min(Math.max(plain / previous, leastRatio), 1);
    previous = plain;
    return (1 - 2 * precision) * product + precision;
  });
  return { alphasSquared, gamma: alphasSquared.map((square) => -Math.log(square / (1 - square))) };
}

/** z_s = meanZ · z_t - meanNoise · predicted + noise · fresh. */
export interface MoleculeStep {
  readonly varianceGiven: number;
  readonly alphaGiven: number;
  readonly meanZ: number;
  readonly meanNoise: number;
  readonly noise: number;
}

/** Coefficients of the step from t back to s (Hoogeboom et al. 2022, equations 4 and 5; Kingma et al. 2021, A.2). */
export function moleculeStep({ gamma }: MoleculeSchedule, t: number, s: number): MoleculeStep {
  const varianceGiven = -Math.expm1(softplus(gamma[s]) - softplus(gamma[t]));
  const alphaGiven = Math.exp(0.5 * (softplus(gamma[s]) - softplus(gamma[t])));
  const sigmaT = Math.sqrt(sigmoid(gamma[t]));
  const sigmaS = Math.sqrt(sigmoid(gamma[s]));
  return {
    varianceGiven,
    alphaGiven,
    meanZ: 1 / alphaGiven,
    meanNoise: varianceGiven / (alphaGiven * sigmaT),
    noise: (Math.sqrt(varianceGiven) * sigmaS) / sigmaT,
  };
}

/** Point clouds without a centre of mass, predicted by their noise; t and s are steps 0 … T. */
export function moleculeCorruption(
  schedule: MoleculeSchedule,
  batch: PointCloudBatch,
): Corruption<Float64Array, Float64Array, number> {
  return {
    prior: (rng) => zeroComNoise(batch, rng),
    forward(original, t, rng: Rng) {
      const fresh = zeroComNoise(batch, rng);
      const alpha = Math.sqrt(sigmoid(-schedule.gamma[t]));
      const sigma = Math.sqrt(sigmoid(schedule.gamma[t]));
      return original.map((value, i) => alpha * value + sigma * fresh[i]);
    },
    reverse(z, predicted, t, s, rng) {
      const { meanZ, meanNoise, noise } = moleculeStep(schedule, t, s);
      const fresh = zeroComNoise(batch, rng);
      return z.map((value, i) => meanZ * value - meanNoise * predicted[i] + noise * fresh[i]);
    },
  };
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
