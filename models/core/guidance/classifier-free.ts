import type { Branch, Guidance } from '../types.ts';
import { checkInterval, type GuidanceInterval, insideInterval } from './interval.ts';
import { rescaleGuidance } from './rescale.ts';

const BOTH: readonly Branch[] = ['negative', 'positive'];
const POSITIVE: readonly Branch[] = ['positive'];

export interface ClassifierFreeOptions {
  /** Guidance scale; 1 and below evaluate the positive conditioning alone. */
  readonly scale: number;
  /** Share of the rescaled result, 0 … 1 (see `rescaleGuidance`). */
  readonly rescale?: number;
  /** Where guidance acts; outside of it the positive conditioning alone is evaluated. */
  readonly interval?: GuidanceInterval;
  /** Pictures in the tensor, for rescaling. Default 1. */
  readonly batch?: number;
}

/**
 * Classifier-free guidance (Ho and Salimans 2022, equation 6, in the form of Imagen): negative + s·(positive -
 * negative), in float32 whatever the network's precision.
 * @throws RangeError when the interval is not within 0 … 1.
 */
export function classifierFree(options: ClassifierFreeOptions): Guidance {
  const { scale, rescale = 0, batch = 1 } = options;
  const interval = options.interval && checkInterval(options.interval);
  return {
    branches: (at) => (scale > 1 && (!interval || insideInterval(interval, at)) ? BOTH : POSITIVE),
    combine(predictions, _at, out) {
      if (predictions.length === 1) {
        if (out !== predictions[0]) out.set(predictions[0]);
        return;
      }
      // By index: taking an array apart by pattern makes an iterator and an object for every element.
      const negative = predictions[0];
      const positive = predictions[1];
      if (rescale > 0) rescaleGuidance({ negative, positive, scale, rescale, batch, out });
      else guide(out, negative, positive, scale);
    },
  };
}

/** out = negative + scale·(positive - negative), each operation rounded to float32. */
export function guide(
  out: Float32Array,
  negative: Float32Array,
  positive: Float32Array,
  scale: number,
): void {
  const s = Math.fround(scale);
  for (let i = 0; i < out.length; i++) {
    out[i] = negative[i] + Math.fround(s * Math.fround(positive[i] - negative[i]));
  }
}
