import { runStableDiffusion } from '../../../models/pipelines/diffusers/stable-diffusion.ts';
import { float32Tensor } from '../../../models/runtime/tensor.ts';
import { numbers } from '../stored.ts';
import { collectLatents, type Outcome } from './outcome.ts';
import {
  controlsOf,
  type GoldenRequest,
  need,
  pictureOf,
  planesOf,
  rngOf,
  schedulerOf,
  textsOf,
} from './request.ts';

/** Text to image, image to image, inpaint, ControlNet and IP-Adapter requests. */
export function runGoldenStableDiffusion({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const prompts = textsOf(need(request.prompt, 'prompt'), 1);
  const embeds = request.ip_adapter_image_embeds;
  return collectLatents(
    runStableDiffusion(
      {
        prompts,
        negativePrompts: textsOf(request.negative_prompt, prompts.length),
        picturesPerPrompt: request.num_images_per_prompt,
        width: request.width ?? 0,
        height: request.height ?? 0,
        steps: need(request.num_inference_steps, 'num_inference_steps'),
        guidanceScale: request.guidance_scale ?? 7.5,
        guidanceRescale: request.guidance_rescale,
        eta: request.eta,
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        source: pictureOf(request.image, dir),
        mask: request.mask && planesOf(request.mask, dir, (value) => value / 255),
        strength: request.strength,
        ...controlsOf(request, dir),
        reference: embeds && {
          embeds: float32Tensor(embeds.shape, Float32Array.from(numbers(embeds, dir))),
          scale: request.ip_adapter_scale ?? 1,
        },
      },
      context,
    ),
  );
}
