import { toPictureBytes, toPictures } from '../../../models/pipelines/diffusers/decoded-pictures.ts';
import { type PixelResult, runPixelDiffusion } from '../../../models/pipelines/diffusers/pixel-diffusion.ts';
import { configNumber } from '../../../models/pipelines/diffusers/model-folder.ts';
import type { StepEvent } from '../../../models/pipelines/diffusers/latent-loop.ts';
import type { Outcome } from './outcome.ts';
import { countOf, type GoldenRequest, need, pictureOf, planesOf, rngOf, schedulerOf } from './request.ts';

/** DDPM, DDIM, consistency and blended requests: networks on pixels, without text. */
export async function runGoldenPixels({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const { config } = await context.folder.open('unet');
  const side = configNumber(config, 'sample_size', 32);
  const source = pictureOf(request.image, dir);
  const mask = request.mask;
  const { class_labels: classLabels, timesteps, num_inference_steps: steps } = request;
  return collectPixels(
    runPixelDiffusion(
      {
        shape: [countOf(request), configNumber(config, 'in_channels', 3), side, side],
        plan: timesteps ? { timesteps } : { steps: need(steps, 'num_inference_steps') },
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        eta: request.eta,
        classLabels,
        blend: source && mask && { source, keep: planesOf(mask, dir, (value) => value / 255) },
      },
      context,
    ),
  );
}

/** RePaint requests, whose masks say what to keep. */
export function runGoldenRepaint({ request, dir, context }: GoldenRequest): Promise<Outcome> {
  const source = need(pictureOf(request.image, dir), 'image');
  return collectPixels(
    runPixelDiffusion(
      {
        shape: source.shape,
        plan: {
          steps: need(request.num_inference_steps, 'num_inference_steps'),
          jumpLength: need(request.jump_length, 'jump_length'),
          jumpCount: need(request.jump_n_sample, 'jump_n_sample'),
        },
        scheduler: schedulerOf(request.scheduler),
        rng: rngOf(request),
        eta: request.eta ?? 0,
        repaint: {
          source,
          keep: planesOf(need(request.mask, 'mask'), dir, (value) => (value / 255 < 0.5 ? 0 : 1)),
        },
      },
      context,
    ),
  );
}

async function collectPixels(events: AsyncIterable<StepEvent | PixelResult>): Promise<Outcome> {
  const steps: Float32Array[] = [];
  for await (const event of events) {
    switch (event.type) {
      case 'step':
        steps.push(Float32Array.from(event.latents));
        break;
      case 'result': {
        const pictures = toPictures(event.pictures);
        return {
          steps,
          latents: Float32Array.from(event.pictures.data, Number),
          latentShape: event.pictures.shape,
          decoderInput: null,
          decoded: null,
          pictures,
          bytes: toPictureBytes(pictures),
        };
      }
    }
  }
  throw new Error('the pipeline ended without a result');
}
