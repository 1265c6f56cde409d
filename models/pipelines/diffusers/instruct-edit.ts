import { dualGuidance } from '../../core/guidance/dual.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import type { HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch, zerosLike } from './batches.ts';
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

export interface InstructEditRequest {
  readonly prompts: readonly string[];
  readonly negativePrompts: readonly string[];
  readonly steps: number;
  /** How closely to follow the instruction. */
  readonly guidanceScale: number;
  /** How closely to keep to the picture. */
  readonly imageGuidanceScale: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** [1, 3, H, W] in -1 … 1. */
  readonly source: HostTensor;
}

/**
 * InstructPix2Pix (Brooks et al. 2023): an edit by instruction. The network sees the source's latents (the posterior's
 * mean, not scaled) beside the noisy ones. Draws start noise, then what the scheduler draws.
 */
export async function* runInstructEdit(
  request: InstructEditRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const { rng, scheduler } = request;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const texts = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const positive = lastHiddenState(await texts.run(request.prompts));
  const negative = lastHiddenState(await texts.run(request.negativePrompts));
  const count = positive.shape[0];
  const plan = scheduler.plan({ steps: request.steps });
  const seen = repeatBatch(await vae.encodeMode(request.source), count);
  const shape = [count, vae.latentChannels, ...seen.shape.slice(2)];
  const x = scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma);

  const latents = yield* runLatentLoop({
    plan,
    x,
    shape,
    rng,
    guidance: dualGuidance({ scale: request.guidanceScale, imageScale: request.imageGuidanceScale }),
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const one = inputTensor(at, shape);
      const pictures = branches.map((branch) => (branch === 'negative' ? zerosLike(seen) : seen));
      const states = branches.map((branch) => (branch === 'positive' ? positive : negative));
      const feeds = {
        sample: concatAxis([repeatBatch(one, branches.length), concatBatch(pictures)], 1),
        timestep: timestepTensor(branches.length * count, at.timestep),
        encoder_hidden_states: concatBatch(states),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });

  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}
