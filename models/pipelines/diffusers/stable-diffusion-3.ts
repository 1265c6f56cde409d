import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Plan, Rng, Scheduler } from '../../core/types.ts';
import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { PipelineError } from '../pipeline-error.ts';
import { concatAxis, concatBatch, repeatBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder, penultimateHiddenState, pooledText } from './clip-text.ts';
import {
  beginOfFlow,
  drawNoise,
  inputTensor,
  type LatentResult,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  splitBranches,
  timestepTensor,
} from './latent-loop.ts';
import { configNumber, inputChannels, type ModelFolder } from './model-folder.ts';
import { type Start, startFromSource } from './source-start.ts';
import { openVae, type Vae } from './vae.ts';

export interface StableDiffusion3Request {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** Tokens for T5; its states are zeros of this length when `useT5` is false or the folder has none. */
  readonly maxSequenceLength: number;
  readonly useT5: boolean;
  /** [1, 3, H, W] in -1 … 1: image to image, or inpaint with a mask. */
  readonly source?: HostTensor;
  /** [1, 1, H, W]: values of 0.5 and more are repainted. */
  readonly mask?: HostTensor;
  /** 0 … 1, default 1. */
  readonly strength?: number;
}

/**
 * Stable Diffusion 3 (Esser et al. 2024): rectified flow on a transformer with two CLIP encoders and T5, from text, from a
 * picture, or inside a mask. Draws start noise; with a picture its posterior before and the masked one's after.
 */
export async function* runStableDiffusion3(
  request: StableDiffusion3Request,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const transformer = await folder.open('transformer');
  const vae = await openVae(folder);
  const plan = request.scheduler.plan({ steps: request.steps });
  const width = configNumber(transformer.config, 'joint_attention_dim', 4096);
  const texts = {
    positive: await encodeText(request, { folder, width, text: request.prompt }),
    negative: await encodeText(request, { folder, width, text: request.negativePrompt }),
  };
  const channels = inputChannels(transformer, vae.latentChannels);
  const start = await prepareStart(request, { plan, vae, channels });
  const { shape } = start;
  const latents = yield* runLatentLoop({
    plan,
    x: start.x,
    shape,
    begin: start.begin,
    hooks: start.hooks,
    rng: request.rng,
    guidance: classifierFree({ scale: request.guidanceScale }),
    denoiser: transformer.session,
    context,
    evaluate: async (branches, at) => {
      const one = inputTensor(at, shape);
      const chosen = branches.map((branch) => texts[branch === 'positive' ? 'positive' : 'negative']);
      const feeds = {
        sample: repeatBatch(one, branches.length),
        timestep: timestepTensor(branches.length, at.timestep),
        encoder_hidden_states: concatBatch(chosen.map((text) => text.states)),
        text_embeds: concatBatch(chosen.map((text) => text.pooled)),
      };
      return splitBranches(await transformer.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

async function prepareStart(
  request: StableDiffusion3Request,
  { plan, vae, channels }: { readonly plan: Plan; readonly vae: Vae; readonly channels: number },
): Promise<Pick<Start, 'x' | 'shape' | 'begin' | 'hooks'>> {
  const { source, mask, strength = 1, rng } = request;
  if (source === undefined) {
    const shape = [
      1,
      channels,
      Math.floor(request.height / vae.scale),
      Math.floor(request.width / vae.scale),
    ];
    return { x: drawNoise(shape, rng), shape, begin: 0, hooks: [] };
  }
  if (channels !== vae.latentChannels) {
    throw new PipelineError(
      'unsupported',
      `This network takes ${channels} channels, which is not read here.`,
    );
  }
  const begin = beginOfFlow(plan, strength);
  return startFromSource({ source, mask, strength }, { plan, vae, rng, count: 1, begin, channels });
}

/** Pooled = both projections; states = both CLIP states side by side, padded to T5's width, followed by T5's. */
async function encodeText(
  request: StableDiffusion3Request,
  { folder, width, text }: { readonly folder: ModelFolder; readonly width: number; readonly text: string },
): Promise<{ readonly states: HostTensor; readonly pooled: HostTensor }> {
  const encoder1 = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const encoder2 = await openTextEncoder(folder, { encoder: 'text_encoder_2', tokenizer: 'tokenizer_2' });
  const out1 = await encoder1.run([text]);
  const out2 = await encoder2.run([text]);
  const clip = padWidth(concatAxis([penultimateHiddenState(out1), penultimateHiddenState(out2)], 2), width);
  const length = request.maxSequenceLength;
  let t5: HostTensor = { shape: [1, length, width], data: new Float32Array(length * width) };
  if (request.useT5 && folder.has('text_encoder_3')) {
    const encoder3 = await openTextEncoder(folder, { encoder: 'text_encoder_3', tokenizer: 'tokenizer_3' });
    t5 = lastHiddenState(await encoder3.run([text], length));
  }
  return { states: concatAxis([clip, t5], 1), pooled: concatAxis([pooledText(out1), pooledText(out2)], 1) };
}

function padWidth(states: HostTensor, width: number): HostTensor {
  const [batch, length, own] = states.shape;
  const data = new Float32Array(batch * length * width);
  const values = floatData(states);
  for (let row = 0; row < batch * length; row += 1) {
    data.set(values.subarray(row * own, (row + 1) * own), row * width);
  }
  return { shape: [batch, length, width], data };
}
