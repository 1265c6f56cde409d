import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import { floatData, type HostTensor, int64Tensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder } from './clip-text.ts';
import {
  drawNoise,
  inputTensor,
  type LatentResult,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  scaleNoise,
  splitBranches,
  timestepTensor,
} from './latent-loop.ts';
import { openVae } from './vae.ts';

export interface LatentUpscaleRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: Scheduler;
  /** Noises the small picture to `noiseLevel`, so that the network may correct its faults (Ho et al. 2022). */
  readonly lowResScheduler: Scheduler;
  /** A training timestep of `lowResScheduler`. */
  readonly noiseLevel: number;
  readonly rng: Rng;
  /** [1, 3, H, W] in -1 … 1. */
  readonly source: HostTensor;
}

/**
 * Stable Diffusion ×4 upscaler: denoises latents of the source's own size, decoded to four times its pixels, with the
 * noised source as three more channels. Draws noise for the source, start noise, then what the scheduler draws.
 */
export async function* runLatentUpscale(
  request: LatentUpscaleRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const { rng, source, noiseLevel } = request;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const texts = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const states = {
    positive: lastHiddenState(await texts.run([request.prompt])),
    negative: lastHiddenState(await texts.run([request.negativePrompt])),
  };
  const seen = addNoise(source, drawNoise(source.shape, rng), request.lowResScheduler.levelAt(noiseLevel));
  const plan = request.scheduler.plan({ steps: request.steps });
  const shape = [1, vae.latentChannels, source.shape[2], source.shape[3]];
  const x = scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma);

  const latents = yield* runLatentLoop({
    plan,
    x,
    shape,
    rng,
    guidance: classifierFree({ scale: request.guidanceScale }),
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const one = concatAxis([inputTensor(at, shape), seen], 1);
      const rows = branches.length;
      const feeds = {
        sample: repeatBatch(one, rows),
        timestep: timestepTensor(rows, at.timestep),
        encoder_hidden_states: concatBatch(
          branches.map((branch) => states[branch === 'positive' ? 'positive' : 'negative']),
        ),
        class_labels: int64Tensor([rows], new Int32Array(rows).fill(noiseLevel)),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), rows);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

function addNoise(
  source: HostTensor,
  noise: Float32Array,
  { alpha, sigma }: { readonly alpha: number; readonly sigma: number },
): HostTensor {
  const a = Math.fround(alpha);
  const s = Math.fround(sigma);
  return {
    shape: source.shape,
    data: floatData(source).map((value, i) => Math.fround(a * value) + Math.fround(s * noise[i])),
  };
}
