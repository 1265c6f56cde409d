import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import type { HostTensor } from '../../runtime/tensor.ts';
import { PipelineError } from '../pipeline-error.ts';
import { encodeAudioPrompts } from './audioldm2-prompts.ts';
import { repeatBatch } from './batches.ts';
import { tellBranches } from './conditioning.ts';
import {
  drawNoise,
  inputTensor,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  scaleNoise,
  splitBranches,
  timestepTensor,
} from './latent-loop.ts';
import { type Component, configNumber, configNumbers, inputChannels } from './model-folder.ts';
import { type AudioResult, cutSamples } from './stable-audio.ts';
import { openVae } from './vae.ts';

export interface AudioLdm2Request {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Length; as long as the network was trained for when absent. */
  readonly seconds?: number;
  /** Waveforms to make. They come in the order of their noise: they are not ranked against the prompt. */
  readonly count: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly eta?: number;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
}

/**
 * AudioLDM 2 (Liu et al. 2023): latents of a log-mel spectrogram, guided by what a language model makes of the prompt and by
 * the prompt's T5 states, then a decoder to the spectrogram and a vocoder to the waveform. Draws start noise, then what the
 * scheduler draws. Latents are [N, C, frames / 4, bins / 4].
 */
export async function* runAudioLdm2(
  request: AudioLdm2Request,
  context: RunContext,
): AsyncGenerator<StepEvent | AudioResult> {
  const { folder } = context;
  const { count, rng } = request;
  const unet = await folder.open('unet');
  const vae = await openVae(folder);
  const vocoder = await folder.open('vocoder');
  const conditioning = await encodeAudioPrompts(request, { folder, unet, count });
  const sound = planSound(request.seconds, { unet, vocoder, scale: vae.scale });
  const bins = configNumber(vocoder.config, 'model_in_dim', 80);
  const channels = inputChannels(unet, vae.latentChannels);
  const shape = [count, channels, sound.rows, Math.floor(bins / vae.scale)];
  const plan = request.scheduler.plan({ steps: request.steps });

  const latents = yield* runLatentLoop({
    plan,
    x: scaleNoise(drawNoise(shape, rng), plan.initNoiseSigma),
    shape,
    eta: request.eta,
    rng,
    guidance: classifierFree({ scale: request.guidanceScale }),
    denoiser: unet.session,
    context,
    evaluate: async (branches, at) => {
      const feeds = {
        sample: repeatBatch(inputTensor(at, shape), branches.length),
        timestep: timestepTensor(branches.length * count, at.timestep),
        ...tellBranches(conditioning, branches),
      };
      return splitBranches(await unet.session.runForOutput(feeds, 'out_sample'), branches.length);
    },
  });
  const finished: HostTensor = { shape, data: latents };
  const decoderInput = vae.toDecoderInput(finished);
  const decoded = await vae.decode(decoderInput);
  const waves = await runVocoder(vocoder, decoded);
  const audio = cutSamples(waves, 0, sound.samples);
  yield { type: 'result', latents: finished, decoderInput, decoded, audio, rate: sound.rate };
}

interface Sound {
  /** Latents along time. */
  readonly rows: number;
  /** Of the waveform that was asked for. */
  readonly samples: number;
  /** Samples per second. */
  readonly rate: number;
}

/**
 * Rounds a length up to what the networks take. The reference pads the UNet's odd sizes inside the network, which a graph was
 * exported without, so latents are rounded up to its halvings too.
 */
function planSound(
  asked: number | undefined,
  { unet, vocoder, scale }: { readonly unet: Component; readonly vocoder: Component; readonly scale: number },
): Sound {
  const rate = configNumber(vocoder.config, 'sampling_rate', 16_000);
  const rates = configNumbers(vocoder.config, 'upsample_rates', [4, 4, 4, 4]);
  const frameSeconds = rates.reduce((product, factor) => product * factor, 1) / rate;
  const seconds = asked ?? configNumber(unet.config, 'sample_size', 256) * scale * frameSeconds;
  if (!(seconds >= scale * frameSeconds)) {
    throw new PipelineError('bad-input', `A sound lasts at least ${scale * frameSeconds} seconds.`);
  }
  const rows = Math.ceil(Math.trunc(seconds / frameSeconds) / scale);
  const halvings = configNumbers(unet.config, 'block_out_channels', [0, 0, 0, 0]).length - 1;
  return {
    rows: Math.ceil(rows / 2 ** halvings) * 2 ** halvings,
    samples: Math.trunc(seconds * rate),
    rate,
  };
}

/** From spectrograms [N, 1, frames, bins] to waveforms [N, 1, samples]. Exporters disagree on what the graph calls them. */
async function runVocoder({ session }: Component, spectrograms: HostTensor): Promise<HostTensor> {
  const [count, , frames, bins] = spectrograms.shape;
  const [input] = session.inputs;
  const waves = await session.runForOutput(
    { [input.name]: { shape: [count, frames, bins], data: spectrograms.data } },
    session.outputs[0].name,
  );
  return { shape: [count, 1, waves.data.length / count], data: waves.data };
}
