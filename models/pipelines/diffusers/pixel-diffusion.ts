import { replaceHook } from '../../core/hooks/replace.ts';
import type { Hook, PlanRequest, Rng, Scheduler } from '../../core/types.ts';
import { floatData, type HostTensor, int64Tensor } from '../../runtime/tensor.ts';
import {
  drawNoise,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  scaleNoise,
  splitBranches,
  timestepTensor,
  UNGUIDED,
} from './latent-loop.ts';

export interface PixelDiffusionRequest {
  /** [N, C, H, W] of the pictures to make. */
  readonly shape: readonly number[];
  readonly plan: PlanRequest;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly eta?: number;
  /** One class a picture, for class-conditional networks. */
  readonly classLabels?: readonly number[];
  /** Blended Diffusion (Avrahami et al. 2022): keeps `source` where `keep` is 1 by mixing it in after every step. */
  readonly blend?: { readonly source: HostTensor; readonly keep: HostTensor };
}

export interface PixelResult {
  readonly type: 'result';
  /** [N, C, H, W], not clamped. */
  readonly pictures: HostTensor;
}

/**
 * Diffusion on pixels without text: DDPM (Ho et al. 2020), DDIM, and consistency models (Song et al. 2023), with blending
 * into a picture. Draws start noise, then per step what the scheduler draws and, when blending, the background's noise.
 */
export async function* runPixelDiffusion(
  request: PixelDiffusionRequest,
  { folder, signal }: RunContext,
): AsyncGenerator<StepEvent | PixelResult> {
  const { shape, rng, classLabels, blend } = request;
  const unet = await folder.open('unet');
  const plan = request.scheduler.plan(request.plan);
  const x = yield* runLatentLoop({
    plan,
    x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma),
    shape,
    rng,
    eta: request.eta,
    hooks: blend === undefined ? [] : [blendIn(blend, rng)],
    guidance: UNGUIDED,
    signal,
    evaluate: async (_branches, at) => {
      const feeds: Record<string, HostTensor> = {
        sample: { shape, data: Float32Array.from(at.input) },
        timestep: timestepTensor(shape[0], at.timestep),
      };
      if (classLabels !== undefined) {
        feeds.class_labels = int64Tensor([classLabels.length], classLabels);
      }
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), 1);
    },
  });
  yield { type: 'result', pictures: { shape, data: x } };
}

/** Blended Diffusion's background, freshly noised after every step and clean at the end. */
function blendIn(
  { source, keep }: { readonly source: HostTensor; readonly keep: HostTensor },
  rng: Rng,
): Hook {
  const original = floatData(source);
  const weights = floatData(keep);
  const mask = original.map((_, i) => 1 - weights[i % weights.length]);
  return replaceHook({ original, mask, noise: rng });
}
