import { checkRequestPictures } from './check-request.ts';
import { networkScale, upscalePicture } from './house/upscale.ts';
import type { ImageContext } from './house-image.ts';
import { type GrayPicture, type RgbPicture, toBytes, toFloatPicture } from './image/picture.ts';
import { resizeCubic } from './image/resize.ts';
import { fillFromOutside } from './image/seam.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { PipelineError } from './pipeline-error.ts';

/**
 * Makes the source of a request larger with a house pack's upscaler alone: neither words nor seed are read. Yields progress after
 * each tile. Where the source is transparent, so is the result; its edge is enlarged by cubic interpolation. Throws
 * PipelineError for a request that cannot be met, and the signal's reason when cancelled.
 */
export async function* enlargeImage(
  request: ImageRequest,
  { model, signal, now }: ImageContext,
): AsyncGenerator<ImageEvent> {
  const started = now();
  checkRequestPictures(request);
  const { source, scale } = request;
  if (source === null || scale === undefined) {
    throw new PipelineError('bad-input', 'Enlarging needs a source picture and how many times.');
  }
  const { manifest } = model;
  if (manifest.scale !== networkScale) {
    throw new PipelineError('unsupported', `${manifest.name} does not enlarge pictures.`);
  }
  const alpha = request.alpha === undefined ? undefined : enlargeAlpha(request.alpha, request);
  const upscaler = upscalePicture(withoutHoles(source, request.alpha), scale, { model, signal });
  let turn = await upscaler.next();
  while (turn.done !== true) {
    yield { type: 'progress', ...turn.value, preview: null };
    turn = await upscaler.next();
  }
  const totalMs = now() - started;
  yield {
    type: 'result',
    width: turn.value.width,
    height: turn.value.height,
    rgb: turn.value.data,
    ...(alpha === undefined ? {} : { alpha }),
    timings: { textMs: 0, denoiseMs: 0, upscaleMs: totalMs, totalMs, overheadMs: 0, evaluations: 0 },
  };
}

/** What a file holds where nothing can be seen is any colour, often black: its edge would darken what can be seen. */
function withoutHoles(source: RgbPicture, alpha: GrayPicture | undefined): RgbPicture {
  if (alpha === undefined) return source;
  return fillFromOutside(source, { ...alpha, data: alpha.data.map((value) => (value === 0 ? 255 : 0)) });
}

function enlargeAlpha(
  alpha: GrayPicture,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  return toBytes(resizeCubic(toFloatPicture(alpha, 1), width, height).data);
}
