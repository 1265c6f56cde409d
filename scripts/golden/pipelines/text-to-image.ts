import { runFlux } from '../../../models/pipelines/diffusers/flux.ts';
import { runInstructEdit } from '../../../models/pipelines/diffusers/instruct-edit.ts';
import { runLatentConsistency } from '../../../models/pipelines/diffusers/latent-consistency.ts';
import { runLatentUpscale } from '../../../models/pipelines/diffusers/latent-upscale.ts';
import { runStableDiffusion3 } from '../../../models/pipelines/diffusers/stable-diffusion-3.ts';
import { runStableDiffusionXl } from '../../../models/pipelines/diffusers/stable-diffusion-xl.ts';
import { collectLatents, type Outcome } from './outcome.ts';
import {
  controlsOf,
  type GoldenRequest,
  need,
  type PipelineRequest,
  pictureOf,
  planesOf,
  rngOf,
  schedulerOf,
  textsOf,
} from './request.ts';

function stepsOf(request: PipelineRequest): number {
  return need(request.num_inference_steps, 'num_inference_steps');
}

/** The one text of a request, empty when there is none. */
function textOf(text: string | readonly string[] | null | undefined): string {
  return textsOf(text, 1)[0];
}

export function runGoldenLatentConsistency({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  return collectLatents(
    runLatentConsistency(
      {
        prompts: textsOf(request.prompt, 1),
        width: request.width ?? 0,
        height: request.height ?? 0,
        steps: stepsOf(request),
        guidanceScale: request.guidance_scale ?? 8.5,
        originalSteps: request.original_inference_steps,
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        source: pictureOf(request.image, dir),
        strength: request.strength,
      },
      context,
    ),
  );
}

export function runGoldenInstructEdit({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const prompts = textsOf(request.prompt, 1);
  return collectLatents(
    runInstructEdit(
      {
        prompts,
        negativePrompts: textsOf(request.negative_prompt, prompts.length),
        steps: stepsOf(request),
        guidanceScale: request.guidance_scale ?? 7.5,
        imageGuidanceScale: request.image_guidance_scale ?? 1.5,
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        source: need(pictureOf(request.image, dir), 'image'),
      },
      context,
    ),
  );
}

export async function runGoldenXl({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const rng = rngOf(request);
  const shared = {
    prompt: textOf(request.prompt),
    prompt2: request.prompt_2 ? textOf(request.prompt_2) : undefined,
    negativePrompt: request.negative_prompt ? textOf(request.negative_prompt) : null,
    negativePrompt2: request.negative_prompt_2 ? textOf(request.negative_prompt_2) : undefined,
    width: request.width ?? 0,
    height: request.height ?? 0,
    steps: stepsOf(request),
    guidanceScale: request.guidance_scale ?? 5,
    guidanceRescale: request.guidance_rescale,
    scheduler: schedulerOf(request.scheduler),
    rng,
    micro: {
      originalSize: request.original_size,
      cropTopLeft: request.crops_coords_top_left,
      targetSize: request.target_size,
    },
    negativeMicro: {
      originalSize: request.negative_original_size,
      cropTopLeft: request.negative_crops_coords_top_left,
      targetSize: request.negative_target_size,
    },
  };
  if (request.denoising_start === undefined) {
    const { denoising_end: denoisingEnd } = request;
    const given = { ...sourceOf(request, dir), ...controlsOf(request, dir) };
    return collectLatents(runStableDiffusionXl({ ...shared, ...given, denoisingEnd }, context));
  }
  const { denoising_end: denoisingEnd, denoising_start: denoisingStart } = request;
  const base = await collectLatents(runStableDiffusionXl({ ...shared, denoisingEnd }, context));
  const stage1 = need(base.latents, 'stage 1 latents');
  const handedOver = { shape: need(base.latentShape, 'latent shape'), data: stage1 };
  const refined = await collectLatents(
    runStableDiffusionXl({ ...shared, denoisingStart, handedOver }, context),
  );
  return { ...refined, stage1 };
}

/** The picture to start from, what of it to repaint, and how much. */
function sourceOf(request: PipelineRequest, dir: string) {
  const mask = request.mask && planesOf(request.mask, dir, (value) => value / 255);
  return { source: pictureOf(request.image, dir), mask, strength: request.strength };
}

export function runGolden3({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  return collectLatents(
    runStableDiffusion3(
      {
        prompt: textOf(request.prompt),
        negativePrompt: textOf(request.negative_prompt),
        width: request.width ?? 0,
        height: request.height ?? 0,
        steps: stepsOf(request),
        guidanceScale: request.guidance_scale ?? 7,
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        maxSequenceLength: request.max_sequence_length ?? 256,
        useT5: request.use_text_encoder_3 ?? true,
        ...sourceOf(request, dir),
      },
      context,
    ),
  );
}

export function runGoldenFlux({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  return collectLatents(
    runFlux(
      {
        prompt: textOf(request.prompt),
        negativePrompt: textOf(request.negative_prompt),
        width: request.width ?? 0,
        height: request.height ?? 0,
        steps: stepsOf(request),
        guidanceScale: request.guidance_scale ?? 3.5,
        trueGuidanceScale: request.true_cfg_scale,
        scheduler: schedulerOf(request.scheduler),
        schedulerConfig: request.scheduler,
        rng: rngOf(request),
        maxSequenceLength: request.max_sequence_length ?? 512,
        ...sourceOf(request, dir),
      },
      context,
    ),
  );
}

export function runGoldenUpscale({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  return collectLatents(
    runLatentUpscale(
      {
        prompt: textOf(request.prompt),
        negativePrompt: textOf(request.negative_prompt),
        steps: stepsOf(request),
        guidanceScale: request.guidance_scale ?? 9,
        scheduler: schedulerOf(request.scheduler),
        lowResScheduler: schedulerOf(need(request.low_res_scheduler, 'low_res_scheduler')),
        noiseLevel: need(request.noise_level, 'noise_level'),
        rng: rngOf(request),
        source: need(pictureOf(request.image, dir), 'image'),
      },
      context,
    ),
  );
}
