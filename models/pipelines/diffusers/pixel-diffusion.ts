import { replaceHook } from '../../core/hooks/replace.ts';
import type { Hook, Keep, PlanRequest, Rng, Scheduler } from '../../core/types.ts';
import { floatData, type HostTensor, int64Tensor } from '../../runtime/tensor.ts';
import {
  drawNoise,
  inputTensor,
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
  readonly blend?: KeptPicture;
  /** What a RePaint scheduler keeps. */
  readonly repaint?: KeptPicture;
}

/** A picture of which a part survives. */
export interface KeptPicture {
  /** [N, C, H, W] in -1 … 1. */
  readonly source: HostTensor;
  /** [1, 1, H, W]: 1 keeps the source, 0 is made anew, values between mix. */
  readonly keep: HostTensor;
}

export interface PixelResult {
  readonly type: 'result';
  /** [N, C, H, W], not clamped. */
  readonly pictures: HostTensor;
}

/**
 * Diffusion on pixels without text: DDPM (Ho et al. 2020), DDIM, and consistency models (Song et al. 2023), with blending
 * into a picture or RePaint (Lugmayr et al. 2022). Draws start noise, then per step what the scheduler draws and, when
 * blending, the background's noise.
 */
export async function* runPixelDiffusion(
  request: PixelDiffusionRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | PixelResult> {
  const { folder } = context;
  const { shape, rng, classLabels, blend, repaint } = request;
  const unet = await folder.open('unet');
  const plan = request.scheduler.plan(request.plan);
  const x = yield* runLatentLoop({
    plan,
    x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma),
    shape,
    rng,
    eta: request.eta,
    hooks: blend === undefined ? [] : [blendIn(blend, rng)],
    keep: repaint && keptPart(repaint),
    guidance: UNGUIDED,
    denoiser: unet.session,
    context,
    evaluate: async (_branches, at) => {
      const feeds: Record<string, HostTensor> = {
        sample: inputTensor(at, shape),
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
function blendIn(blend: KeptPicture, rng: Rng): Hook {
  const { original, mask } = keptPart(blend);
  return replaceHook({ original, mask: mask.map((kept) => 1 - kept), noise: rng });
}

/** The kept picture in the core's terms: the mask repeated for every plane. */
function keptPart({ source, keep }: KeptPicture): Keep {
  const original = floatData(source);
  const weights = floatData(keep);
  return { original, mask: original.map((_, i) => weights[i % weights.length]) };
}
