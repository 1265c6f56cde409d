import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { NoiseSeed, Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatAxis, concatBatch, repeatBatch, zerosLike } from './batches.ts';
import { lastHiddenState, openTextEncoder, type TextOutputs } from './clip-text.ts';
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
import { configNumber, type ModelFolder } from './model-folder.ts';

export interface StableAudioRequest {
  readonly prompt: string;
  /** Null: the negative text states are zeros. */
  readonly negativePrompt: string | null;
  /** Tokens that prompts are padded to. */
  readonly textLength: number;
  /** Seconds, within what the model was trained for. */
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** For the scheduler's own noise, when it comes from another stream than the start noise. */
  readonly stepRng?: Rng;
  /** Seed of the cosine scheduler's Brownian tree; the reference takes the seed of its generator. */
  readonly noiseSeed?: NoiseSeed;
}

/** Waveforms end the run of an audio model. */
export interface AudioResult extends LatentResult {
  /** Channels and samples of each waveform, cut to the asked seconds: [N, channels, samples]. */
  readonly audio: HostTensor;
  /** Samples per second. */
  readonly rate: number;
}

/**
 * Stable Audio Open (Evans et al. 2024): latents of a waveform from text and timing. Draws start noise, then what the
 * scheduler draws.
 */
export async function* runStableAudio(
  request: StableAudioRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | AudioResult> {
  const { folder } = context;
  const transformer = await folder.open('transformer');
  const decoder = await folder.open('vae_decoder');
  const rate = configNumber(decoder.config, 'sampling_rate', 44_100);
  const { count, rng } = request;
  const conditioning = await encodeConditioning(request, folder);
  const channels = configNumber(transformer.config, 'in_channels', 64);
  const shape = [count, channels, configNumber(transformer.config, 'sample_size', 1024)];
  const plan = request.scheduler.plan({ steps: request.steps });

  const latents = yield* runLatentLoop({
    plan,
    x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma),
    shape,
    rng: request.stepRng ?? rng,
    noiseSeed: request.noiseSeed,
    guidance: classifierFree({ scale: request.guidanceScale }),
    denoiser: transformer.session,
    context,
    evaluate: async (branches, at) => {
      const one = inputTensor(at, shape);
      const texts = branches.map((branch) => conditioning[branch === 'positive' ? 'positive' : 'negative']);
      const rows = branches.length * count;
      const feeds = {
        sample: repeatBatch(one, branches.length),
        timestep: timestepTensor(rows, at.timestep),
        encoder_hidden_states: concatBatch(texts.map((text) => repeatBatch(text, count))),
        global_hidden_states: repeatBatch(conditioning.global, rows),
      };
      return splitBranches(await transformer.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoded = await decoder.session.runForOutput({ latent_sample: finished }, 'decoded');
  const audio = cutSamples(decoded, Math.trunc(request.start * rate), Math.trunc(request.end * rate));
  yield { type: 'result', latents: finished, decoderInput: finished, decoded, audio, rate };
}

interface AudioConditioning {
  /** [1, tokens + 2, D]: text, start, end. */
  readonly positive: HostTensor;
  readonly negative: HostTensor;
  /** [1, 1, 2 D]: start and end side by side. */
  readonly global: HostTensor;
}

async function encodeConditioning(
  request: StableAudioRequest,
  folder: ModelFolder,
): Promise<AudioConditioning> {
  const texts = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const { session: projection } = await folder.open('projection_text');
  const { session: seconds } = await folder.open('projection_seconds');
  const timing = await seconds.run({
    start_seconds: float32Tensor([1], Float32Array.of(request.start)),
    end_seconds: float32Tensor([1], Float32Array.of(request.end)),
  });
  const start = timing.seconds_start_hidden_states;
  const end = timing.seconds_end_hidden_states;

  async function encode(text: string, zeroesPadding: boolean): Promise<HostTensor> {
    const outputs = await texts.run([text], request.textLength);
    const states = zeroesPadding ? maskStates(lastHiddenState(outputs), outputs) : lastHiddenState(outputs);
    const projected = await projection.runForOutput({ text_hidden_states: states }, 'text_hidden_states_out');
    return concatAxis([maskStates(projected, outputs), start, end], 1);
  }

  const positive = await encode(request.prompt, false);
  const { negativePrompt } = request;
  const negative = negativePrompt === null ? zerosLike(positive) : await encode(negativePrompt, true);
  return { positive, negative, global: concatAxis([start, end], 2) };
}

/** Returns states with those of padding tokens set to zero. */
function maskStates(states: HostTensor, { masks }: TextOutputs): HostTensor {
  const width = states.shape[2];
  const length = states.shape[1];
  const data = floatData(states).map((value, i) => {
    const token = Math.floor(i / width);
    return masks[Math.floor(token / length)][token % length] === 0 ? 0 : value;
  });
  return { shape: states.shape, data };
}

/** Returns samples `from` … `to` of waveforms [N, channels, samples]. */
export function cutSamples(decoded: HostTensor, from: number, to: number): HostTensor {
  const [count, channels, samples] = decoded.shape;
  const end = Math.min(to, samples);
  const values = floatData(decoded);
  const data = new Float32Array(count * channels * (end - from));
  for (let row = 0; row < count * channels; row += 1) {
    data.set(values.subarray(row * samples + from, row * samples + end), row * (end - from));
  }
  return { shape: [count, channels, end - from], data };
}
