import type { PredictionType } from './types.ts';

/** x0 (or noise) = fromX · x + fromPrediction · prediction. */
export interface Conversion {
  readonly fromX: number;
  readonly fromPrediction: number;
}

/**
 * How to read x0 out of a prediction made at x = alpha · x0 + sigma · noise. Ho et al. 2020, equation 15
 * (epsilon); Salimans and Ho 2022, appendix D (v); Lipman et al. 2023 (flow, alpha = 1 - sigma);
 * Song et al. 2021 (score); Lu and Song 2025 (trigflow, alpha = cos t).
 * @throws RangeError for logits, which are read by the discrete processes, and where alpha is zero and the prediction
 * is of noise: it then says nothing about x0.
 */
export function toOriginal(type: PredictionType, alpha: number, sigma: number): Conversion {
  if (alpha === 0 && (type === 'epsilon' || type === 'score')) {
    throw new RangeError(
      `prediction_type ${type} cannot start from pure noise (rescale_betas_zero_snr): use v_prediction or sample`,
    );
  }
  switch (type) {
    case 'epsilon':
      return { fromX: 1 / alpha, fromPrediction: -sigma / alpha };
    case 'sample':
      return { fromX: 0, fromPrediction: 1 };
    case 'v_prediction':
    case 'trigflow':
      return { fromX: alpha, fromPrediction: -sigma };
    case 'flow_prediction':
      return { fromX: 1, fromPrediction: -sigma };
    case 'score':
      return { fromX: 1 / alpha, fromPrediction: sigma ** 2 / alpha };
    case 'logits':
      throw new RangeError('logits predict tokens, not a value: use a discrete process');
  }
}

/** How to read the noise out of a prediction made at x = alpha · x0 + sigma · noise. */
export function toNoise(type: PredictionType, alpha: number, sigma: number): Conversion {
  switch (type) {
    case 'epsilon':
      return { fromX: 0, fromPrediction: 1 };
    case 'sample':
      return { fromX: 1 / sigma, fromPrediction: -alpha / sigma };
    case 'v_prediction':
    case 'trigflow':
      return { fromX: sigma, fromPrediction: alpha };
    case 'flow_prediction':
      return { fromX: 1, fromPrediction: 1 - sigma };
    case 'score':
      return { fromX: 0, fromPrediction: -sigma };
    case 'logits':
      throw new RangeError('logits predict tokens, not a value: use a discrete process');
  }
}

/**
 * The same for x = x0 + sigma · noise when the network was trained on the variance-preserving form, where
 * its v refers to alpha = 1/sqrt(1 + sigma²).
 */
export function toOriginalVe(type: PredictionType, sigma: number): Conversion {
  if (type !== 'v_prediction') return toOriginal(type, 1, sigma);
  const square = 1 / (sigma ** 2 + 1);
  return { fromX: square, fromPrediction: -sigma * Math.sqrt(square) };
}

/** Signal and noise factors of the variance-preserving form with noise-to-signal ratio `ratio`. */
export function vpLevel(ratio: number): { readonly alpha: number; readonly sigma: number } {
  const alpha = 1 / Math.sqrt(ratio ** 2 + 1);
  return { alpha, sigma: ratio * alpha };
}
