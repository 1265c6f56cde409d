import type { Latent } from '../types.ts';

interface SplitParts {
  readonly prediction: Latent;
  readonly mean: Latent;
  readonly spread: Latent;
  readonly batch: number;
}

/**
 * Separates a prediction with twice the channels of x: the first half of every picture goes to `mean`, which is
 * returned, the second to `spread`.
 * @throws RangeError when the prediction does not hold two values for each of x.
 */
export function splitVariance({ prediction, mean, spread, batch }: SplitParts): Latent {
  if (prediction.length !== 2 * mean.length) {
    throw new RangeError(
      `a learned variance needs ${2 * mean.length} predicted values, got ${prediction.length}`,
    );
  }
  const size = mean.length / batch;
  for (let picture = 0; picture < batch; picture++) {
    const from = 2 * picture * size;
    mean.set(prediction.subarray(from, from + size), picture * size);
    spread.set(prediction.subarray(from + size, from + 2 * size), picture * size);
  }
  return mean;
}
