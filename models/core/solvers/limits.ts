import { clamp } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import type { Latent } from '../types.ts';

export interface LimitConfig {
  readonly thresholding?: boolean;
  readonly dynamic_thresholding_ratio?: number;
  readonly sample_max_value?: number;
  readonly clip_sample?: boolean;
  readonly clip_sample_range?: number;
}

/**
 * What a configuration does to every x0: dynamic thresholding (Saharia et al. 2022, section 2.3), a clip, or
 * null where it does nothing.
 */
export function limiter(config: LimitConfig, run: Run): ((x0: Latent) => void) | null {
  if (config.thresholding) {
    const { dynamic_thresholding_ratio: ratio = 0.995, sample_max_value: most = 1 } = config;
    const sorted = run.buffer();
    const batch = run.options.batch ?? 1;
    return (x0) => threshold({ x0, sorted, batch, ratio, most });
  }
  if (config.clip_sample) {
    const { clip_sample_range: range = 1 } = config;
    return (x0) => clamp(x0, range);
  }
  return null;
}

interface ThresholdParts {
  readonly x0: Latent;
  readonly sorted: Latent;
  readonly batch: number;
  readonly ratio: number;
  readonly most: number;
}

/** Per picture: s = the ratio's quantile of |x0| within [1, most]; x0 = clamp(x0, ±s) / s. */
function threshold({ x0, sorted, batch, ratio, most }: ThresholdParts): void {
  const size = x0.length / batch;
  for (let picture = 0; picture < batch; picture++) {
    const from = picture * size;
    const part = sorted.subarray(from, from + size);
    for (let i = 0; i < size; i++) part[i] = Math.abs(x0[from + i]);
    part.sort();
    const rank = ratio * (size - 1);
    const low = Math.floor(rank);
    const quantile = part[low] + (part[Math.min(low + 1, size - 1)] - part[low]) * (rank - low);
    const s = Math.min(Math.max(quantile, 1), most);
    for (let i = from; i < from + size; i++) x0[i] = Math.min(Math.max(x0[i], -s), s) / s;
  }
}
