import type { Conversion } from '../prediction.ts';

export type EdmPrediction = 'epsilon' | 'v_prediction';

/**
 * x0 = c_skip·x + c_out·F (Karras et al. 2022, table 1 and equation 7), F the network on x/sqrt(sigma² + data²);
 * for v the sign of c_out is turned.
 */
export function edmOriginal(type: EdmPrediction, sigma: number, data: number): Conversion {
  const sum = sigma ** 2 + data ** 2;
  const out = (sigma * data) / Math.sqrt(sum);
  return { fromX: data ** 2 / sum, fromPrediction: type === 'epsilon' ? out : -out };
}
