import { perFrameGuidance } from '../../core/guidance/per-frame.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch, repeatEach, sliceBatch, zerosLike } from './batches.ts';
import { toClipPixels } from './clip-vision.ts';
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
  UNGUIDED,
} from './latent-loop.ts';
import { openVae, type Vae } from './vae.ts';

export interface StableVideoRequest {
  /** The first frame, [1, 3, H, W] in -1 … 1. */
  readonly source: HostTensor;
  readonly frames: number;
  readonly steps: number;
  /** Guidance of the first and of the last frame; it grows evenly between them. */
  readonly minGuidanceScale: number;
  readonly maxGuidanceScale: number;
  readonly fps: number;
  /** How much should move, 1 … 255. */
  readonly motionBucket: number;
  /** Noise added to the first frame, which frees the motion from it. */
  readonly noiseAugmentation: number;
  /** Frames decoded together; the decoder mixes neighbours, so this changes the picture slightly. */
  readonly decodeChunk: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
}

/**
 * Stable Video Diffusion (Blattmann et al. 2023): a clip from its first frame. Draws noise for the first frame, start
 * noise, then what the scheduler draws. Latents are [1, frames, C, h, w], decoded frames [frames, 3, H, W].
 */
export async function* runStableVideo(
  request: StableVideoRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const { source, frames, rng, noiseAugmentation } = request;
  const unet = await folder.open('unet');
  const vision = await folder.open('image_encoder');
  const vae = await openVae(folder);
  const embedding = await vision.session.runForOutput({ pixel_values: toClipPixels(source) }, 'image_embeds');
  const states: HostTensor = { shape: [1, 1, embedding.data.length], data: embedding.data };
  const noise = drawNoise(source.shape, rng);
  const strength = Math.fround(noiseAugmentation);
  const noised = floatData(source).map((value, i) => value + Math.fround(strength * noise[i]));
  const first = await vae.encodeMode({ shape: source.shape, data: noised });
  const [, channels, height, width] = first.shape;
  const shape = [1, frames, channels, height, width];
  const seen: HostTensor = { shape, data: floatData(repeatEach(first, frames)) };
  const times = float32Tensor(
    [1, 3],
    Float32Array.of(request.fps - 1, request.motionBucket, noiseAugmentation),
  );
  const plan = request.scheduler.plan({ steps: request.steps });

  const latents = yield* runLatentLoop({
    plan,
    x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma),
    shape,
    rng,
    guidance:
      request.maxGuidanceScale > 1
        ? perFrameGuidance({ first: request.minGuidanceScale, last: request.maxGuidanceScale, frames })
        : UNGUIDED,
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const one = inputTensor(at, shape);
      const pictures = branches.map((branch) => (branch === 'positive' ? seen : zerosLike(seen)));
      const texts = branches.map((branch) => (branch === 'positive' ? states : zerosLike(states)));
      const feeds = {
        sample: concatAxis([repeatBatch(one, branches.length), concatBatch(pictures)], 2),
        timestep: timestepTensor(branches.length, at.timestep),
        encoder_hidden_states: concatBatch(texts),
        added_time_ids: repeatBatch(times, branches.length),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput({ shape: [frames, channels, height, width], data: latents });
  const decoded = await decodeInChunks(decoderInput, vae, request.decodeChunk);
  yield { type: 'result', latents: finished, decoderInput, decoded };
}

async function decodeInChunks(decoderInput: HostTensor, vae: Vae, chunk: number): Promise<HostTensor> {
  const frames = decoderInput.shape[0];
  const parts: HostTensor[] = [];
  for (let from = 0; from < frames; from += chunk) {
    parts.push(await vae.decode(sliceBatch(decoderInput, from, Math.min(from + chunk, frames))));
  }
  return concatBatch(parts);
}
