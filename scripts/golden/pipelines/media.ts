import { TorchGenerator } from '../../../models/core/random/torch-generator.ts';
import { runAudioLdm2 } from '../../../models/pipelines/diffusers/audioldm2.ts';
import type { StepEvent } from '../../../models/pipelines/diffusers/latent-loop.ts';
import { type AudioResult, runStableAudio } from '../../../models/pipelines/diffusers/stable-audio.ts';
import { runStableVideo } from '../../../models/pipelines/diffusers/stable-video.ts';
import { collectLatents, type Outcome } from './outcome.ts';
import { type GoldenRequest, need, pictureOf, rngOf, schedulerOf, textsOf } from './request.ts';

export function runGoldenVideo({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const frames = need(request.num_frames, 'num_frames');
  return collectLatents(
    runStableVideo(
      {
        source: need(pictureOf(request.image, dir), 'image'),
        frames,
        steps: need(request.num_inference_steps, 'num_inference_steps'),
        minGuidanceScale: request.min_guidance_scale ?? 1,
        maxGuidanceScale: request.max_guidance_scale ?? 3,
        fps: request.fps ?? 7,
        motionBucket: request.motion_bucket_id ?? 127,
        noiseAugmentation: request.noise_aug_strength ?? 0.02,
        decodeChunk: request.decode_chunk_size ?? frames,
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
      },
      context,
    ),
  );
}

export function runGoldenAudio({ request, context }: GoldenRequest): Promise<Outcome> {
  const events = runStableAudio(
    {
      prompt: textsOf(request.prompt, 1)[0],
      negativePrompt: request.negative_prompt ? textsOf(request.negative_prompt, 1)[0] : null,
      textLength: need(request.prompt_ids?.[0], 'prompt_ids').length,
      start: request.audio_start_in_s ?? 0,
      end: need(request.audio_end_in_s, 'audio_end_in_s'),
      count: request.num_waveforms_per_prompt ?? 1,
      steps: need(request.num_inference_steps, 'num_inference_steps'),
      guidanceScale: request.guidance_scale ?? 7,
      scheduler: schedulerOf(request.scheduler),
      rng: rngOf(request),
      stepRng: request.seed_noise === undefined ? undefined : new TorchGenerator(request.seed_noise),
    },
    context,
  );
  return collectAudio(events);
}

export function runGoldenAudioLdm2({ request, context }: GoldenRequest): Promise<Outcome> {
  const events = runAudioLdm2(
    {
      prompt: textsOf(request.prompt, 1)[0],
      negativePrompt: textsOf(request.negative_prompt, 1)[0],
      seconds: request.audio_length_in_s ?? undefined,
      count: request.num_waveforms_per_prompt ?? 1,
      steps: need(request.num_inference_steps, 'num_inference_steps'),
      guidanceScale: request.guidance_scale ?? 3.5,
      eta: request.eta,
      scheduler: schedulerOf(request.scheduler),
      rng: rngOf(request),
    },
    context,
  );
  return collectAudio(events);
}

/** What a latent pipeline collects, with the waveform in place of a picture. */
async function collectAudio(events: AsyncIterable<StepEvent | AudioResult>): Promise<Outcome> {
  let audio: Float32Array | undefined;
  async function* keepAudio() {
    for await (const event of events) {
      if (event.type === 'result') audio = samplesOf(event);
      yield event;
    }
  }
  const outcome = await collectLatents(keepAudio());
  return { ...outcome, pictures: null, bytes: null, audio };
}

function samplesOf({ audio }: AudioResult): Float32Array {
  return Float32Array.from(audio.data, Number);
}
