import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder, penultimateHiddenState, pooledText } from './clip-text.ts';
import {
  drawNoise,
  type LatentResult,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  splitBranches,
  timestepTensor,
} from './latent-loop.ts';
import { configNumber, inputChannels, type ModelFolder } from './model-folder.ts';
import { openVae } from './vae.ts';

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
}

/** Stable Diffusion 3 (Esser et al. 2024): rectified flow on a transformer with two CLIP encoders and T5. Draws start noise. */
export async function* runStableDiffusion3(
  request: StableDiffusion3Request,
  { folder, signal }: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const transformer = await folder.open('transformer');
  const vae = await openVae(folder);
  const plan = request.scheduler.plan({ steps: request.steps });
  const width = configNumber(transformer.config, 'joint_attention_dim', 4096);
  const texts = {
    positive: await encodeText(request, { folder, width, text: request.prompt }),
    negative: await encodeText(request, { folder, width, text: request.negativePrompt }),
  };
  const channels = inputChannels(transformer, vae.latentChannels);
  const shape = [1, channels, Math.floor(request.height / vae.scale), Math.floor(request.width / vae.scale)];
  const latents = yield* runLatentLoop({
    plan,
    x: drawNoise(shape, request.rng),
    shape,
    rng: request.rng,
    guidance: classifierFree({ scale: request.guidanceScale }),
    signal,
    evaluate: async (branches, at) => {
      const one: HostTensor = { shape, data: Float32Array.from(at.input) };
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
