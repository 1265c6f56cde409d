import {
  type FloatPictures,
  toPictureBytes,
  toPictures,
} from '../../../models/pipelines/diffusers/decoded-pictures.ts';
import type { LatentResult, StepEvent } from '../../../models/pipelines/diffusers/latent-loop.ts';

/** What a pipeline made, in the terms of expected.json. */
export interface Outcome {
  readonly steps: readonly Float32Array[];
  readonly latents: Float32Array | null;
  readonly latentShape: readonly number[] | null;
  readonly decoderInput: Float32Array | null;
  readonly decoded: Float32Array | null;
  readonly pictures: FloatPictures | null;
  readonly bytes: Uint8Array | null;
  readonly stage1?: Float32Array;
  readonly audio?: Float32Array;
}

/** Runs a latent pipeline to its end and keeps a copy of the latents after each evaluation. */
export async function collectLatents(events: AsyncIterable<StepEvent | LatentResult>): Promise<Outcome> {
  const steps: Float32Array[] = [];
  for await (const event of events) {
    switch (event.type) {
      case 'step':
        steps.push(Float32Array.from(event.latents));
        break;
      case 'result': {
        const pictures = toPictures(event.decoded);
        return {
          steps,
          latents: Float32Array.from(event.latents.data, Number),
          latentShape: event.latents.shape,
          decoderInput: Float32Array.from(event.decoderInput.data, Number),
          decoded: Float32Array.from(event.decoded.data, Number),
          pictures,
          bytes: toPictureBytes(pictures),
        };
      }
    }
  }
  throw new Error('the pipeline ended without a result');
}
