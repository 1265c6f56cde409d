import { combine2, zerosLike } from '../math/kernels.ts';
import { toNoise } from '../prediction.ts';
import type { Evaluation, Latent, Rng, Scheduler } from '../types.ts';

export interface DistillationOptions {
  readonly scheduler: Scheduler;
  /** The clean sample a renderer made. */
  readonly original: Latent;
  /** Training timestep, usually drawn between 0.02·T and 0.98·T. */
  readonly timestep: number;
  readonly rng: Rng;
  /** Weight w(t). Default sigma², as in DreamFusion. */
  readonly weight?: number;
}

/**
 * Score distillation's gradient with respect to the rendered sample (Poole et al. 2023, DreamFusion, equation 3):
 * w(t)·(predicted noise - noise). Yields the one evaluation it needs, receives the guided prediction, returns the
 * gradient; the network is not differentiated.
 */
export function* scoreDistillation(options: DistillationOptions): Generator<Evaluation, Latent, Latent> {
  const { scheduler, original, timestep, rng } = options;
  const { alpha, sigma } = scheduler.levelAt(timestep);
  const noise = zerosLike(original);
  const x = zerosLike(original);
  rng.randn(noise);
  combine2(x, alpha, original, sigma, noise);
  const prediction = yield { index: 0, timestep, alpha, sigma, x, input: x };
  const { fromX, fromPrediction } = toNoise(scheduler.predictionType, alpha, sigma);
  const gradient = zerosLike(original);
  combine2(gradient, fromX, x, fromPrediction, prediction);
  const { weight = sigma ** 2 } = options;
  combine2(gradient, weight, gradient, -weight, noise);
  return gradient;
}
