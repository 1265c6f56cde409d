import type { Corruption } from '../types.ts';

const TAU = 2 * Math.PI;
/** Images of the angle on either side that are summed. */
const IMAGES = 40;

/** log density and score d log p / d theta of the wrapped normal at an angle. */
export interface WrappedValue {
  readonly logDensity: number;
  readonly score: number;
}

/** The wrapped normal p(theta) = Σ_k N(theta + 2πk; 0, sigma²) (Jing et al. 2022, section 3.2). */
export function wrappedNormal(theta: number, sigma: number): WrappedValue {
  const exponents: number[] = [];
  for (let k = -IMAGES; k <= IMAGES; k++) exponents.push(-((theta + TAU * k) ** 2) / (2 * sigma ** 2));
  const most = Math.max(...exponents);
  let sum = 0;
  let slope = 0;
  exponents.forEach((exponent, i) => {
    const weight = Math.exp(exponent - most);
    sum += weight;
    slope -= (weight * (theta + TAU * (i - IMAGES))) / sigma ** 2;
  });
  return { logDensity: most + Math.log(sum) - Math.log(sigma * Math.sqrt(TAU)), score: slope / sum };
}

/** The mean of the squared score, ∫ p·score², by the trapezoid rule, which is exact to rounding on a period. */
export function meanSquaredScore(sigma: number, intervals = 20_000): number {
  let sum = 0;
  for (let i = 0; i < intervals; i++) {
    const { logDensity, score } = wrappedNormal(-Math.PI + (TAU * i) / intervals, sigma);
    sum += Math.exp(logDensity) * score ** 2;
  }
  return (sum * TAU) / intervals;
}

/** sigma(t) = smallest^(1-t) · largest^t, by default from 0.01π to π (Jing et al. 2022, section 3.2). */
export function torusSigma(t: number, smallest = 0.01 * Math.PI, largest = Math.PI): number {
  return smallest ** (1 - t) * largest ** t;
}

/** An angle's representative in [-π, π). */
export function wrapAngle(theta: number): number {
  return theta - TAU * Math.floor((theta + Math.PI) / TAU);
}

/**
 * Diffusion of torsion angles on the torus, predicted by their score: variance exploding, with Euler–Maruyama steps
 * (Jing et al. 2022, algorithm 2). Times lie in [0, 1].
 */
export function torusCorruption(angles: number): Corruption<Float64Array, Float64Array, number> {
  return {
    prior(rng) {
      const uniform = new Float64Array(angles);
      rng.rand(uniform);
      return uniform.map((u) => TAU * u - Math.PI);
    },
    forward(original, t, rng) {
      const noise = new Float64Array(angles);
      rng.randn(noise);
      return original.map((theta, i) => wrapAngle(theta + torusSigma(t) * noise[i]));
    },
    reverse(x, score, t, s, rng) {
      const variance = torusSigma(t) ** 2 - torusSigma(s) ** 2;
      const noise = new Float64Array(angles);
      rng.randn(noise);
      return x.map((theta, i) => wrapAngle(theta + variance * score[i] + Math.sqrt(variance) * noise[i]));
    },
  };
}
