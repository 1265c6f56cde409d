import { sqrtFloat32 } from '../math/sqrt-float32.ts';

/**
 * Tables of the discrete variance-preserving process, as float32 tensors hold them. They stay float32 on
 * purpose: 1 - alphas_cumprod cancels near t = 0, so a float64 table differs by 1e-5 there.
 */
export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'sigmoid' | 'laplace' | 'exp';

export interface BetaOptions {
  readonly numTrainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly schedule: BetaSchedule;
  /** Own betas, which replace the schedule. */
  readonly trainedBetas?: readonly number[] | null;
  readonly rescaleZeroSnr?: boolean;
}

export interface BetaTables {
  readonly betas: Float32Array;
  readonly alphas: Float32Array;
  readonly alphasCumprod: Float32Array;
}

const f = Math.fround;

/** Betas, 1 - betas, and the running product of the latter, for t = 0 … T - 1. */
export function betaTables(options: BetaOptions): BetaTables {
  const plain = options.trainedBetas ? Float32Array.from(options.trainedBetas) : scheduledBetas(options);
  const betas = options.rescaleZeroSnr ? rescaleZeroTerminalSnr(plain) : plain;
  const alphas = betas.map((beta) => 1 - beta);
  return { betas, alphas, alphasCumprod: cumulativeProduct(alphas) };
}

function scheduledBetas({ numTrainTimesteps, betaStart, betaEnd, schedule }: BetaOptions): Float32Array {
  const count = numTrainTimesteps;
  switch (schedule) {
    // Ho, Jain and Abbeel 2020, section 4.
    case 'linear':
      return linspaceFloat32(betaStart, betaEnd, count);
    // Rombach et al. 2022: straight in sqrt(beta).
    case 'scaled_linear':
      return linspaceFloat32(Math.sqrt(betaStart), Math.sqrt(betaEnd), count).map((root) => root * root);
    // Xu et al. 2022 (GeoDiff).
    case 'sigmoid': {
      const range = f(betaEnd - betaStart);
      const start = f(betaStart);
      return linspaceFloat32(-6, 6, count).map((x) => f(f(1 / f(1 + f(Math.exp(-x)))) * range) + start);
    }
    // Nichol and Dhariwal 2021, equation 17.
    case 'squaredcos_cap_v2':
      return betasForAlphaBar(count, (t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2);
    // Hang and Gu 2024, "Improved noise schedule": a Laplace density of log SNR.
    case 'laplace':
      return betasForAlphaBar(count, (t) => {
        const side = t <= 0.5 ? 1 : -1;
        const snr = Math.exp(-0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6));
        return Math.sqrt(snr / (1 + snr));
      });
    case 'exp':
      return betasForAlphaBar(count, (t) => Math.exp(-12 * t));
  }
}

/** beta_i = 1 - alphaBar((i + 1)/T) / alphaBar(i/T), at most 0.999. */
function betasForAlphaBar(count: number, alphaBar: (t: number) => number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

/** torch.linspace in float32: counted from both ends, with one rounding an element. */
export function linspaceFloat32(start: number, end: number, count: number): Float32Array {
  const first = f(start);
  const last = f(end);
  const step = count > 1 ? f(f(last - first) / (count - 1)) : 0;
  const half = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, i) =>
    i < half || count === 1 ? first + step * i : last - step * (count - 1 - i),
  );
}

/** The running product, accumulated in double and rounded at every element. */
function cumulativeProduct(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return product;
  });
}

/**
 * Lin et al. 2024, "Common diffusion noise schedules and sample steps are flawed", algorithm 1: shifts and
 * scales sqrt(alphas_cumprod) so that the last is zero and the first unchanged.
 */
function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map((value) => sqrtFloat32(value));
  const first = roots[0];
  const last = roots[roots.length - 1];
  const stretch = f(first / f(first - last));
  const cumulative = roots.map((root) => f(f(root - last) * stretch) ** 2);
  return cumulative.map((value, t) => 1 - (t === 0 ? value : f(value / cumulative[t - 1])));
}
