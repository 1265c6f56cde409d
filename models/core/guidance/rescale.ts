interface RescaleParts {
  readonly negative: Float32Array;
  readonly positive: Float32Array;
  readonly scale: number;
  readonly rescale: number;
  readonly batch: number;
  readonly out: Float32Array;
}

/**
 * Guidance rescaled against over-exposure (Lin et al. 2024, "Common diffusion noise schedules …", equations 15
 * and 16): g = negative + s·(positive - negative); out = r·g·std(positive)/std(g) + (1 - r)·g, standard deviations over
 * each picture, unbiased.
 */
export function rescaleGuidance({ negative, positive, scale, rescale, batch, out }: RescaleParts): void {
  const size = out.length / batch;
  const s = Math.fround(scale);
  for (let picture = 0; picture < batch; picture++) {
    const from = picture * size;
    const to = from + size;
    const target = deviation(positive, from, to);
    for (let i = from; i < to; i++) {
      out[i] = negative[i] + Math.fround(s * Math.fround(positive[i] - negative[i]));
    }
    const factor = (rescale * target) / deviation(out, from, to) + (1 - rescale);
    for (let i = from; i < to; i++) out[i] *= factor;
  }
}

/** Unbiased standard deviation of values[from … to). */
function deviation(values: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i];
  const mean = sum / (to - from);
  let squares = 0;
  for (let i = from; i < to; i++) squares += (values[i] - mean) ** 2;
  return Math.sqrt(squares / (to - from - 1));
}
