import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Branch, Evaluation, Plan, Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, type HostTensor } from '../../runtime/tensor.ts';
import { PipelineError } from '../pipeline-error.ts';
import { concatAxis, concatBatch, repeatBatch, repeatEach, sliceBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder } from './clip-text.ts';
import { encodePrompts, type PromptSyntax } from './clip-prompts.ts';
import { type ControlInput, runControlNets } from './control-nets.ts';
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
import { type Start, startFromSource } from './source-start.ts';
import { openVae, type Vae } from './vae.ts';

export interface StableDiffusionRequest {
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
  readonly controls?: readonly Omit<ControlInput, 'net'>[];
  /** Names of the control networks' folders, one for each entry of `controls`. */
  readonly controlNets?: readonly string[];
  readonly guessMode?: boolean;
  /** IP-Adapter: picture embeddings [2, pictures, D], negative then positive, and their weight. */
  readonly reference?: { readonly embeds: HostTensor; readonly scale: number };
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
  const { folder, signal } = context;
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
  const states: TextStates = {
    negative: repeatEach(encoded.negative.states, perPrompt),
    positive: repeatEach(encoded.positive.states, perPrompt),
  };
  const start = await prepareStart(request, { plan, vae, unet });
  const controls = await openControls(request, { folder, unet, shape: start.shape, scale: vae.scale });
  signal.throwIfAborted();

  const latents = yield* runLatentLoop({
    plan,
    x: start.x,
    shape: start.shape,
    begin: start.begin,
    eta: request.eta,
    rng: request.rng,
    hooks: start.hooks,
    guidance: classifierFree({
      scale: request.guidanceScale,
      rescale: request.guidanceRescale,
      batch: countPictures(request),
    }),
    signal,
    evaluate: (branches, at) =>
      evaluateUnet(
        { unet, states, extra: start.extraChannels, shape: start.shape, controls, plan, request },
        branches,
        at,
      ),
  });

  const finished: HostTensor = { shape: start.shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

/** Text states by branch, each repeated for every picture. */
export type TextStates = Readonly<Record<Exclude<Branch, 'image'>, HostTensor>>;

interface UnetCall {
  readonly unet: Component;
  readonly states: TextStates;
  /** Channels appended to the latents, [N, C, h, w]. */
  readonly extra: HostTensor | null;
  readonly shape: readonly number[];
  readonly controls: readonly ControlInput[];
  readonly plan: Plan;
  readonly request: StableDiffusionRequest;
}

async function evaluateUnet(
  call: UnetCall,
  branches: readonly Branch[],
  at: Evaluation,
): Promise<readonly Float32Array[]> {
  const { unet, shape, request, extra } = call;
  const count = shape[0];
  const rows = branches.length * count;
  const one = inputTensor(at, shape);
  const latents = repeatBatch(one, branches.length);
  const sample = extra === null ? latents : concatAxis([latents, repeatBatch(extra, branches.length)], 1);
  const states = concatBatch(
    branches.map((branch) => call.states[branch === 'positive' ? 'positive' : 'negative']),
  );
  const feeds: Record<string, HostTensor> = {
    sample,
    timestep: timestepTensor(rows, at.timestep),
    encoder_hidden_states: states,
  };
  if (call.controls.length > 0) {
    const residuals = await runControlNets(call.controls, {
      sample: latents,
      states,
      timestep: at.timestep,
      index: at.index,
      count: call.plan.timesteps.length,
      guessMode: request.guessMode === true,
      guided: branches.length === 2,
    });
    Object.assign(feeds, residuals);
  }
  const reference = request.reference ?? idleReference(unet);
  if (reference !== null) {
    const { embeds, scale } = reference;
    const byBranch = branches.map((branch) =>
      sliceBatch(embeds, branch === 'positive' ? 1 : 0, branch === 'positive' ? 2 : 1),
    );
    feeds.image_embeds = concatBatch(byBranch.map((row) => repeatEach(row, count)));
    feeds.ip_adapter_scale = float32Tensor([1], Float32Array.of(scale));
  }
  return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
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
function idleReference(unet: Component): NonNullable<StableDiffusionRequest['reference']> | null {
  const input = unet.session.inputs.find(({ name }) => name === 'image_embeds');
  const size = input?.shape[2];
  if (typeof size !== 'number') return null;
  return { embeds: float32Tensor([2, 1, size], new Float32Array(2 * size)), scale: 0 };
}

interface ControlParts {
  readonly folder: ModelFolder;
  readonly unet: Component;
  /** Of the latents. */
  readonly shape: readonly number[];
  /** Pixels a latent. */
  readonly scale: number;
}

async function openControls(
  request: StableDiffusionRequest,
  parts: ControlParts,
): Promise<readonly ControlInput[]> {
  const { controls = [], controlNets = [] } = request;
  const { folder } = parts;
  if (controls.length !== controlNets.length) {
    throw new PipelineError(
      'bad-input',
      `There are ${controls.length} control maps for ${controlNets.length} control networks.`,
    );
  }
  if (controls.length === 0) return openIdleControl(parts);
  return Promise.all(
    controls.map(async (control, i) => ({ ...control, net: await folder.open(controlNets[i]) })),
  );
}

/** A network exported for control wants residuals on every run; where no map is followed they are a control's, times 0. */
async function openIdleControl({
  folder,
  unet,
  shape,
  scale,
}: ControlParts): Promise<readonly ControlInput[]> {
  if (!unet.session.hasInput('mid_block_additional_residual')) return [];
  const name = folder.find('controlnet');
  if (name === null) {
    throw new PipelineError(
      'unsupported',
      'This denoiser was exported for a control network, and the model has none: put one into its folder, named for ' +
        'example controlnet_canny, and add the model again.',
    );
  }
  const [height, width] = [shape[2] * scale, shape[3] * scale];
  const map = float32Tensor([1, 3, height, width], new Float32Array(3 * height * width));
  return [{ net: await folder.open(name), map, scale: 0, start: 0, end: 1 }];
}

function countPictures(request: StableDiffusionRequest): number {
  return request.prompts.length * (request.picturesPerPrompt ?? 1);
}
