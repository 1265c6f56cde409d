import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Plan, Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, repeatBatch, zerosLike } from './batches.ts';
import { countChunks, type EncodedPrompts, encodePrompts, type PromptSyntax } from './clip-prompts.ts';
import { type Conditioning, type Told, tellBranches } from './conditioning.ts';
import { createControls } from './control-nets.ts';
import { openTextEncoder, penultimateHiddenState, pooledText } from './clip-text.ts';
import {
  beginOf,
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
import { type Component, inputChannels, type ModelFolder } from './model-folder.ts';
import { type ControlRequest, openControls } from './open-controls.ts';
import { type Start, startFromSource } from './source-start.ts';
import { openVae, type Vae } from './vae.ts';

/** SDXL's micro-conditioning (Podell et al. 2023, section 2.2), in pixels; each pair is [height, width]. */
export interface MicroConditioning {
  readonly originalSize: readonly number[];
  readonly cropTopLeft: readonly number[];
  readonly targetSize: readonly number[];
}

export interface StableDiffusionXlRequest extends ControlRequest {
  readonly prompt: string;
  /** For the second text encoder; the same text when absent. */
  readonly prompt2?: string;
  /** Null: no negative prompt at all, which some models were trained to see as zeros. */
  readonly negativePrompt: string | null;
  readonly negativePrompt2?: string;
  /** `weighted` reads brackets, weights and BREAK, and takes prompts of any length. Default `plain`. */
  readonly promptSyntax?: PromptSyntax;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly guidanceRescale?: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly micro?: Partial<MicroConditioning>;
  readonly negativeMicro?: Partial<MicroConditioning>;
  /** [1, 3, H, W] in -1 … 1: image to image, or inpaint with a mask. */
  readonly source?: HostTensor;
  /** [1, 1, H, W]: values of 0.5 and more are repainted. */
  readonly mask?: HostTensor;
  readonly strength?: number;
  /** Share of the run after which a refiner takes over, 0 … 1. */
  readonly denoisingEnd?: number;
  /** Share of the run at which `handedOver` latents of a base model are taken up. */
  readonly denoisingStart?: number;
  readonly handedOver?: HostTensor;
}

/**
 * Stable Diffusion XL (Podell et al. 2023): two text encoders, micro-conditioning, image to image, inpaint with 4- and
 * 9-channel networks, any number of ControlNets, and the hand-over between base and refiner. Draws like Stable Diffusion;
 * taking up handed-over latents draws nothing to start.
 */
export async function* runStableDiffusionXl(
  request: StableDiffusionXlRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const plan = request.scheduler.plan({ steps: request.steps });
  const encoded = await encodeTexts(request, folder);
  const start = await prepareStart(request, { plan, vae, unet });
  const { shape } = start;
  const times = timeIds(request, shape, vae.scale);
  const tell = (branch: keyof Conditioning): Told => ({
    encoder_hidden_states: encoded[branch].states,
    text_embeds: encoded[branch].pooled,
    time_ids: times[branch],
  });
  const conditioning = { positive: tell('positive'), negative: tell('negative') };
  const residuals = createControls({
    controls: await openControls(request, { folder, unet, shape, scale: vae.scale }),
    conditioning,
    guessMode: request.guessMode === true,
    guided: request.guidanceScale > 1,
    begin: start.begin,
    end: plan.timesteps.length,
  });
  const latents = yield* runLatentLoop({
    plan,
    x: start.x,
    shape,
    begin: start.begin,
    end:
      request.denoisingEnd === undefined ? undefined : cutOff(plan, request.denoisingEnd, request.scheduler),
    rng: request.rng,
    hooks: start.hooks,
    guidance: classifierFree({ scale: request.guidanceScale, rescale: request.guidanceRescale }),
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const latents = inputTensor(at, shape);
      const one = start.extraChannels === null ? latents : concatAxis([latents, start.extraChannels], 1);
      const { timestep, index } = at;
      const feeds = {
        sample: repeatBatch(one, branches.length),
        timestep: timestepTensor(branches.length, timestep),
        ...tellBranches(conditioning, branches),
        ...(await residuals({ latents, branches, timestep, index })),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

async function encodeTexts(
  request: StableDiffusionXlRequest,
  folder: ModelFolder,
): Promise<{ readonly positive: EncodedPrompts; readonly negative: EncodedPrompts }> {
  const { prompt, negativePrompt, promptSyntax: syntax = 'plain' } = request;
  const first = { positive: prompt, negative: negativePrompt ?? '' };
  const second = {
    positive: request.prompt2 ?? prompt,
    negative: request.negativePrompt2 ?? first.negative,
  };
  const encoder2 = await openTextEncoder(folder, { encoder: 'text_encoder_2', tokenizer: 'tokenizer_2' });
  // A refiner has the second text encoder only.
  const encoder = folder.has('text_encoder')
    ? await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' })
    : null;
  const texts = [first.positive, first.negative, second.positive, second.negative];
  const options = {
    syntax,
    select: penultimateHiddenState,
    pool: pooledText,
    chunks: countChunks(texts, encoder2.tokenizer),
  };
  const out2 = await encodePrompts(encoder2, asLists(second), options);
  const both =
    encoder === null
      ? out2
      : joinWidths(await encodePrompts(encoder, asLists(first), { ...options, pool: undefined }), out2);
  const index = await folder.readIndex();
  if (negativePrompt === null && index.force_zeros_for_empty_prompt !== false) {
    const { states, pooled } = both.positive;
    return { positive: both.positive, negative: { states: zerosLike(states), pooled: zerosLike(pooled) } };
  }
  return both;
}

function asLists({ positive, negative }: { readonly positive: string; readonly negative: string }) {
  return { positive: [positive], negative: [negative] };
}

type EncodedPair = { readonly positive: EncodedPrompts; readonly negative: EncodedPrompts };

/** States of both encoders side by side; the pooled text is the second one's. */
function joinWidths(first: EncodedPair, second: EncodedPair): EncodedPair {
  const join = (a: EncodedPrompts, b: EncodedPrompts): EncodedPrompts => ({
    states: concatAxis([a.states, b.states], 2),
    pooled: b.pooled,
  });
  return {
    positive: join(first.positive, second.positive),
    negative: join(first.negative, second.negative),
  };
}

function timeIds(
  request: StableDiffusionXlRequest,
  shape: readonly number[],
  scale: number,
): { readonly positive: HostTensor; readonly negative: HostTensor } {
  const size = [shape[2] * scale, shape[3] * scale];
  const row = (micro: Partial<MicroConditioning>): HostTensor => {
    const { originalSize = size, cropTopLeft = [0, 0], targetSize = size } = micro;
    return float32Tensor([1, 6], Float32Array.from([...originalSize, ...cropTopLeft, ...targetSize]));
  };
  const positive = row(request.micro ?? {});
  const { negativeMicro } = request;
  const isOwn = negativeMicro?.originalSize !== undefined && negativeMicro.targetSize !== undefined;
  return { positive, negative: isOwn ? row(negativeMicro) : positive };
}

async function prepareStart(
  request: StableDiffusionXlRequest,
  { plan, vae, unet }: { readonly plan: Plan; readonly vae: Vae; readonly unet: Component },
): Promise<Start> {
  const { rng, source, handedOver, denoisingStart } = request;
  if (handedOver !== undefined && denoisingStart !== undefined) {
    const begin = cutOff(plan, denoisingStart, request.scheduler);
    return { ...FRESH, x: Float32Array.from(floatData(handedOver)), shape: handedOver.shape, begin };
  }
  if (source !== undefined) {
    const { mask, strength = 1 } = request;
    const channels = inputChannels(unet, vae.latentChannels);
    const begin = beginOf(plan, strength);
    return startFromSource({ source, mask, strength }, { plan, vae, rng, count: 1, begin, channels });
  }
  const { scale, latentChannels } = vae;
  const shape = [1, latentChannels, Math.floor(request.height / scale), Math.floor(request.width / scale)];
  return { ...FRESH, x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma), shape };
}

/** A start without a source. */
const FRESH = { begin: 0, hooks: [], extraChannels: null };

/** Returns the first evaluation below the cut-off timestep: T - T · share, rounded. */
function cutOff(plan: Plan, share: number, scheduler: Scheduler): number {
  const training = scheduler.numTrainTimesteps;
  const limit = Math.round(training - share * training);
  const at = plan.timesteps.findIndex((timestep) => timestep < limit);
  return at < 0 ? plan.timesteps.length : at;
}
