import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import type { RgbPicture } from '../image/picture.ts';
import { toFloatPicture } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import { PipelineError } from '../pipeline-error.ts';
import type { ModelFolder } from './model-folder.ts';

/** What CLIP's own processor takes: 224 pixels a side, its mean and deviation. */
const SIDE = 224;
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/**
 * Returns what an IP-Adapter (Ye et al. 2023) is told of a reference picture: [2, 1, D], zeros for the negative branch, then
 * the image encoder's embedding of the picture's middle square.
 *
 * Throws PipelineError `unsupported` when the model has no adapter, or no image encoder that fits it.
 */
export async function embedReference(
  picture: RgbPicture,
  model: { readonly name: string; readonly folder: ModelFolder },
): Promise<HostTensor> {
  const { name, folder } = model;
  const unet = folder.has('unet') ? await folder.open('unet') : null;
  const input = unet?.session.inputs.find((info) => info.name === 'image_embeds');
  if (input === undefined) {
    throw new PipelineError(
      'unsupported',
      `${name} follows no reference picture: no IP-Adapter is built into its denoiser (an input image_embeds).`,
    );
  }
  if (!folder.has('image_encoder')) {
    throw new PipelineError(
      'unsupported',
      `${name} has an IP-Adapter but no image_encoder. Put the adapter's image encoder into its folder, named ` +
        'image_encoder, and add the model again.',
    );
  }
  const { session } = await folder.open('image_encoder');
  const embeds = floatData(await session.runForOutput({ image: toPixels(picture) }, 'image_embeds'));
  const size = input.shape.at(-1);
  if (typeof size === 'number' && size !== embeds.length) {
    throw new PipelineError(
      'unsupported',
      `The image encoder of ${name} gives ${embeds.length} numbers, and its IP-Adapter takes ${size}.`,
    );
  }
  const both = new Float32Array(2 * embeds.length);
  both.set(embeds, embeds.length);
  return float32Tensor([2, 1, embeds.length], both);
}

/** The middle square at 224 × 224, normalised: [1, 3, 224, 224]. */
function toPixels(picture: RgbPicture): HostTensor {
  const side = Math.min(picture.width, picture.height);
  const left = (picture.width - side) >> 1;
  const top = (picture.height - side) >> 1;
  const full = toFloatPicture(picture, 3);
  const square = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y += 1) {
    const from = ((y + top) * picture.width + left) * 3;
    square.set(full.data.subarray(from, from + side * 3), y * side * 3);
  }
  const small = resizePicture({ width: side, height: side, channels: 3, data: square }, SIDE, SIDE);
  const planes = new Float32Array(3 * SIDE * SIDE);
  for (let i = 0; i < planes.length; i += 1) {
    const channel = Math.floor(i / (SIDE * SIDE));
    const value = small.data[(i % (SIDE * SIDE)) * 3 + channel] / 255;
    planes[i] = (value - MEAN[channel]) / DEVIATION[channel];
  }
  return float32Tensor([1, 3, SIDE, SIDE], planes);
}
