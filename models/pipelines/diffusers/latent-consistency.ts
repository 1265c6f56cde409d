import type { Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { repeatBatch, repeatEach } from './batches.ts';
import { encodePrompts, type PromptSyntax } from './clip-prompts.ts';
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
  UNGUIDED,
} from './latent-loop.ts';
import { configNumber } from './model-folder.ts';
import { openVae } from './vae.ts';

export interface LatentConsistencyRequest {
  readonly prompts: readonly string[];
  readonly picturesPerPrompt?: number;
  /** `weighted` reads brackets, weights and BREAK, and takes prompts of any length. Default `plain`. */
  readonly promptSyntax?: PromptSyntax;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** The guidance scale the student imitates; it is an input of the network, not a second evaluation. */
  readonly guidanceScale: number;
  /** Length of the grid that the student was distilled on, when not the scheduler's own. */
  readonly originalSteps?: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** [1, 3, H, W] in -1 … 1, for image to image. */
  readonly source?: HostTensor;
  readonly strength?: number;
}

/**
 * Latent consistency models (Luo et al. 2023): a few steps, guidance distilled into the network.
 *
 * Draws: posterior of the source if any, start noise, then noise after every step but the last.
 */
export async function* runLatentConsistency(
  request: LatentConsistencyRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const { scheduler, rng, source, guidanceScale } = request;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const texts = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const encoded = await encodePrompts(
    texts,
    { positive: request.prompts, negative: [] },
    { syntax: request.promptSyntax ?? 'plain', select: lastHiddenState },
  );
  const states = repeatEach(encoded.positive.states, request.picturesPerPrompt ?? 1);
  const count = states.shape[0];
  const { steps, originalSteps, strength } = request;
  const plan = scheduler.plan(
    source === undefined ? { steps, originalSteps } : { steps, originalSteps, strength },
  );

  const original = source === undefined ? null : await vae.encode(repeatBatch(source, count), rng);
  const shape = original?.shape ?? [
    count,
    vae.latentChannels,
    Math.floor(request.height / vae.scale),
    Math.floor(request.width / vae.scale),
  ];
  const noise = drawNoise(shape, rng);
  const x = scaleNoise(noise, plan.initNoiseSigma);
  if (original !== null) {
    plan.addNoise(0, floatData(original), noise, x);
  }

  const width = configNumber(unet.config, 'time_cond_proj_dim', 256);
  const embedding = repeatBatch(float32Tensor([1, width], embedGuidance(guidanceScale, width)), count);
  const latents = yield* runLatentLoop({
    plan,
    x,
    shape,
    rng,
    guidance: UNGUIDED,
    denoiser: unet.session,
    context,
    evaluate: async (_branches, at) => {
      const feeds: Record<string, HostTensor> = {
        sample: inputTensor(at, shape),
        timestep: timestepTensor(count, at.timestep),
        encoder_hidden_states: states,
      };
      if (unet.session.hasInput('timestep_cond')) {
        feeds.timestep_cond = embedding;
      }
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), 1);
    },
  });

  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  yield { type: 'result', latents: finished, decoderInput, decoded: await vae.decode(decoderInput) };
}

/**
 * Returns the sinusoidal embedding of a guidance scale, [sin, cos](1000 (s - 1) f_j) with f_j = 10000^(-j / (half - 1)),
 * every operation rounded to float32 as in the reference.
 */
export function embedGuidance(scale: number, width: number): Float32Array {
  const f = Math.fround;
  const half = Math.floor(width / 2);
  const rate = f(f(Math.log(10_000)) / (half - 1));
  const w = f(f(scale - 1) * 1000);
  const out = new Float32Array(width);
  for (let j = 0; j < half; j += 1) {
    const angle = f(w * f(Math.exp(f(j * -rate))));
    out[j] = Math.sin(angle);
    out[half + j] = Math.cos(angle);
  }
  return out;
}
