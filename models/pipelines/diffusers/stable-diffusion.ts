import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Branch, Plan, Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, type HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch, repeatEach, sliceBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder } from './clip-text.ts';
import { encodePrompts, type PromptSyntax } from './clip-prompts.ts';
import { tellBranches } from './conditioning.ts';
import { createControls } from './control-nets.ts';
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
import { type Component, inputChannels } from './model-folder.ts';
import { type ControlRequest, openControls } from './open-controls.ts';
import { type Start, startFromSource } from './source-start.ts';
import { openVae, type Vae } from './vae.ts';

export interface StableDiffusionRequest extends ControlRequest {
  /** One picture is made for each, or several with `picturesPerPrompt`. */
  readonly prompts: readonly string[];
  /** As many as prompts. */
  readonly negativePrompts: readonly string[];
  readonly picturesPerPrompt?: number;
  /** `weighted` reads brackets, weights and BREAK, and takes prompts of any length. Default `plain`. */
  readonly promptSyntax?: PromptSyntax;
  /** Pixels, multiples of the autoencoder's scale. With a source picture its size counts instead. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Lin et al. 2024, section 3.4: how far the guided result is brought back to the spread of the positive one. */
  readonly guidanceRescale?: number;
  readonly eta?: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** [1, 3, H, W] in -1 … 1: image to image, or inpaint with a mask. */
  readonly source?: HostTensor;
  /** [1, 1, H, W]: values of 0.5 and more are repainted. */
  readonly mask?: HostTensor;
  /** 0 … 1, default 1. */
  readonly strength?: number;
  readonly reference?: Reference;
}

/** IP-Adapter: picture embeddings [2, pictures, D], negative then positive, and their weight. */
interface Reference {
  readonly embeds: HostTensor;
  readonly scale: number;
}

/**
 * Stable Diffusion 1 and 2 (Rombach et al. 2022): text to image, image to image, inpaint with 4- and 9-channel networks,
 * any number of ControlNets, an IP-Adapter built into the network.
 *
 * Draws from `rng` in the order of the reference: posterior of the source, start noise, posterior of the masked source,
 * then what the scheduler draws. Yields after each evaluation, then the result.
 */
export async function* runStableDiffusion(
  request: StableDiffusionRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const plan = request.scheduler.plan({ steps: request.steps });
  const perPrompt = request.picturesPerPrompt ?? 1;
  const texts = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const encoded = await encodePrompts(
    texts,
    { positive: request.prompts, negative: request.negativePrompts },
    { syntax: request.promptSyntax ?? 'plain', select: lastHiddenState },
  );
  const start = await prepareStart(request, { plan, vae, unet });
  const { shape } = start;
  const conditioning = {
    positive: { encoder_hidden_states: repeatEach(encoded.positive.states, perPrompt) },
    negative: { encoder_hidden_states: repeatEach(encoded.negative.states, perPrompt) },
  };
  const reference = tellReference(request.reference ?? idleReference(unet), shape[0]);
  const residuals = createControls({
    controls: await openControls(request, { folder, unet, shape, scale: vae.scale }),
    conditioning,
    guessMode: request.guessMode === true,
    guided: request.guidanceScale > 1,
    begin: start.begin,
    end: plan.timesteps.length,
  });
  context.signal.throwIfAborted();

  const latents = yield* runLatentLoop({
    plan,
    x: start.x,
    shape,
    begin: start.begin,
    eta: request.eta,
    rng: request.rng,
    hooks: start.hooks,
    guidance: classifierFree({
      scale: request.guidanceScale,
      rescale: request.guidanceRescale,
      batch: countPictures(request),
    }),
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const latents = inputTensor(at, shape);
      const one = start.extraChannels === null ? latents : concatAxis([latents, start.extraChannels], 1);
      const { timestep, index } = at;
      const feeds = {
        sample: repeatBatch(one, branches.length),
        timestep: timestepTensor(branches.length * shape[0], timestep),
        ...tellBranches(conditioning, branches),
        ...(await residuals({ latents, branches, timestep, index })),
        ...reference(branches),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });

  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

interface StartParts {
  readonly plan: Plan;
  readonly vae: Vae;
  readonly unet: Component;
}

async function prepareStart(request: StableDiffusionRequest, parts: StartParts): Promise<Start> {
  const { plan, vae } = parts;
  if (request.source === undefined) {
    const { scale, latentChannels } = vae;
    const shape = [
      countPictures(request),
      latentChannels,
      Math.floor(request.height / scale),
      Math.floor(request.width / scale),
    ];
    const noise = drawNoise(shape, request.rng);
    return { x: scaleNoise(noise, plan.initNoiseSigma), shape, begin: 0, hooks: [], extraChannels: null };
  }
  return startFromSource(
    { source: request.source, mask: request.mask, strength: request.strength },
    {
      plan,
      vae,
      rng: request.rng,
      count: countPictures(request),
      begin: beginOf(plan, request.strength ?? 1),
      channels: inputChannels(parts.unet, vae.latentChannels),
    },
  );
}

/** A network with an IP-Adapter in it wants a picture on every run; where none is followed, it gets zeros, times 0. */
function idleReference(unet: Component): Reference | null {
  const input = unet.session.inputs.find(({ name }) => name === 'image_embeds');
  const size = input?.shape[2];
  if (typeof size !== 'number') return null;
  return { embeds: float32Tensor([2, 1, size], new Float32Array(2 * size)), scale: 0 };
}

/** The adapter's weight is one number for the whole batch, so it does not go by branch. */
function tellReference(
  reference: Reference | null,
  count: number,
): (branches: readonly Branch[]) => Readonly<Record<string, HostTensor>> {
  if (reference === null) return () => ({});
  const { embeds, scale } = reference;
  const negative = repeatEach(sliceBatch(embeds, 0, 1), count);
  const positive = repeatEach(sliceBatch(embeds, 1, 2), count);
  const weight = float32Tensor([1], Float32Array.of(scale));
  return (branches) => ({
    image_embeds: concatBatch(branches.map((branch) => (branch === 'positive' ? positive : negative))),
    ip_adapter_scale: weight,
  });
}

function countPictures(request: StableDiffusionRequest): number {
  return request.prompts.length * (request.picturesPerPrompt ?? 1);
}
