import { readScheduler } from '../core/config/read.ts';
import { TorchGenerator } from '../core/random/torch-generator.ts';
import type { DiffusersManifest } from '../catalog/manifest.ts';
import { PackError } from '../catalog/pack-error.ts';
import type { VerifiedPack } from '../catalog/packs.ts';
import type { SessionCache } from '../runtime/session-cache.ts';
import { float32Tensor, floatData, type HostTensor } from '../runtime/tensor.ts';
import { runAudioLdm2 } from './diffusers/audioldm2.ts';
import { runFlux } from './diffusers/flux.ts';
import { runInstructEdit } from './diffusers/instruct-edit.ts';
import { runLatentConsistency } from './diffusers/latent-consistency.ts';
import type { LatentResult, RunContext, StepEvent } from './diffusers/latent-loop.ts';
import { runLatentUpscale } from './diffusers/latent-upscale.ts';
import { configNumber, inputChannels, openModelFolder, seesMask } from './diffusers/model-folder.ts';
import { type PixelResult, runPixelDiffusion } from './diffusers/pixel-diffusion.ts';
import { type AudioResult, runStableAudio } from './diffusers/stable-audio.ts';
import { runStableDiffusion3 } from './diffusers/stable-diffusion-3.ts';
import { runStableDiffusion } from './diffusers/stable-diffusion.ts';
import { runStableDiffusionXl } from './diffusers/stable-diffusion-xl.ts';
import { runStableVideo } from './diffusers/stable-video.ts';

/** Pixels of the trial picture: small enough for a laptop, a multiple of what every autoencoder divides by. */
const SIDE = 64;
const STEPS = 2;

type Events = AsyncIterable<StepEvent | LatentResult | AudioResult | PixelResult>;

/**
 * Runs a pack of the diffusers layout once, small and for two steps, from its own tokenizer to its own decoder.
 *
 * Throws PackError `unsupported` when a graph does not open, does not fit its pipeline, or returns values that are not
 * numbers.
 */
export async function proveDiffusersPack(
  pack: VerifiedPack & { readonly manifest: DiffusersManifest },
  sessions: SessionCache,
  signal: AbortSignal,
): Promise<void> {
  const folder = openModelFolder({ folders: [pack.folder], sessions });
  try {
    for await (const event of await startTrial(pack.manifest, { folder, signal })) {
      if (event.type === 'result') {
        checkNumbers(resultOf(event));
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PackError) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new PackError('unsupported', `A trial run of ${pack.manifest.pipeline} failed: ${reason}`, {
      cause: error,
    });
  } finally {
    folder.close();
  }
}

async function startTrial(manifest: DiffusersManifest, context: RunContext): Promise<Events> {
  const { folder } = context;
  const schedulerConfig = await folder.readSchedulerConfig('scheduler');
  const { scheduler } = readScheduler(schedulerConfig);
  const rng = new TorchGenerator(0);
  const text = { prompt: 'a red fox', negativePrompt: '' };
  const texts = { prompts: [text.prompt], negativePrompts: [text.negativePrompt] };
  const run = { width: SIDE, height: SIDE, steps: STEPS, guidanceScale: 2, scheduler, rng };
  switch (manifest.pipeline) {
    case 'stable-diffusion':
      return runStableDiffusion({ ...run, ...texts }, context);
    case 'stable-diffusion-inpaint':
      return runStableDiffusion({ ...run, ...texts, ...greyHole() }, context);
    case 'stable-diffusion-edit':
      return runInstructEdit(
        { ...run, ...texts, imageGuidanceScale: 1.5, source: greyPicture(SIDE) },
        context,
      );
    case 'stable-diffusion-upscale': {
      const lowResConfig = await folder.readSchedulerConfig('low_res_scheduler');
      const lowResScheduler = readScheduler(lowResConfig).scheduler;
      return runLatentUpscale(
        { ...run, ...text, lowResScheduler, noiseLevel: 20, source: greyPicture(16) },
        context,
      );
    }
    case 'stable-diffusion-xl':
      return runStableDiffusionXl(
        { ...run, ...text, ...(seesMask(await folder.open('unet')) && greyHole()) },
        context,
      );
    case 'stable-diffusion-3':
      return runStableDiffusion3({ ...run, ...text, maxSequenceLength: 77, useT5: true }, context);
    case 'latent-consistency':
      return runLatentConsistency({ ...run, ...texts }, context);
    case 'flux':
      return runFlux({ ...run, ...text, schedulerConfig, maxSequenceLength: 64 }, context);
    case 'stable-video':
      return runStableVideo(
        {
          ...run,
          source: greyPicture(SIDE),
          frames: configNumber((await folder.open('unet')).config, 'num_frames', 14),
          minGuidanceScale: 1,
          maxGuidanceScale: 2,
          fps: 7,
          motionBucket: 127,
          noiseAugmentation: 0.02,
          decodeChunk: 2,
        },
        context,
      );
    case 'stable-audio':
      return runStableAudio({ ...run, ...text, textLength: 64, start: 0, end: 1, count: 1 }, context);
    case 'audioldm2':
      return runAudioLdm2({ ...run, ...text, seconds: 1.28, count: 1 }, context);
    case 'unconditional': {
      const unet = await folder.open('unet');
      const { config, session } = unet;
      const side = configNumber(config, 'sample_size', 32);
      const shape = [1, inputChannels(unet, 3), side, side];
      const classLabels = session.hasInput('class_labels') ? [0] : undefined;
      return runPixelDiffusion({ shape, plan: { steps: STEPS }, scheduler, rng, classLabels }, context);
    }
  }
}

function resultOf(event: LatentResult | AudioResult | PixelResult): HostTensor {
  if ('pictures' in event) return event.pictures;
  return 'audio' in event ? event.audio : event.decoded;
}

function greyPicture(side: number): HostTensor {
  return float32Tensor([1, 3, side, side], new Float32Array(3 * side * side));
}

/** A picture of which everything is to be painted. */
function greyHole(): { readonly source: HostTensor; readonly mask: HostTensor } {
  const mask = float32Tensor([1, 1, SIDE, SIDE], new Float32Array(SIDE * SIDE).fill(1));
  return { source: greyPicture(SIDE), mask };
}

function checkNumbers(out: HostTensor): void {
  if (!floatData(out).every(Number.isFinite)) {
    throw new PackError('unsupported', 'A trial run gave values that are not numbers: the export is broken.');
  }
}
