import type { HouseImageManifest } from '../../catalog/manifest.ts';
import type { ModelSession } from '../../runtime/session.ts';
import { float32Tensor, floatData } from '../../runtime/tensor.ts';
import { type RgbPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import type { TextStates } from './model.ts';

/** What the denoiser reads of a reference picture, [rows, width]; the same width as text states have. */
export type ReferenceStates = Float32Array;

/** Brightness of the paper around a picture that is no square, as the encoder was trained. */
const white = 255;

/** Returns a picture contained in a white square, as the image encoder takes it: [3, size, size] in -1 … 1. */
export function containInWhite(picture: RgbPicture, size: number): Float32Array {
  const scale = size / Math.max(picture.width, picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const small = resizePicture(toFloatPicture(picture, 3), width, height);
  const left = (size - width) >> 1;
  const top = (size - height) >> 1;
  const data = new Float32Array(size * size * 3).fill(white);
  for (let y = 0; y < height; y += 1) {
    data.set(small.data.subarray(y * width * 3, (y + 1) * width * 3), ((y + top) * size + left) * 3);
  }
  return toSignedPlanes({ width: size, height: size, channels: 3, data });
}

/**
 * Opens the graphs through which a pack sees reference pictures: the picture tower of its house-CLIP, whose states of every
 * patch (and not its embedding of the whole) go through a small encoder that the core was trained with, as in IP-Adapter Plus.
 * Returns null for a pack that does not list the task.
 */
export async function openReferenceEncoder(
  { components, tasks, nativeSize }: HouseImageManifest,
  acquire: (file: string) => Promise<ModelSession>,
): Promise<((picture: RgbPicture) => Promise<ReferenceStates>) | null> {
  const { imageEncoder, referenceEncoder } = components;
  if (imageEncoder === undefined || referenceEncoder === undefined || !tasks.includes('reference'))
    return null;
  const images = await acquire(imageEncoder.file);
  const references = await acquire(referenceEncoder.file);
  return async (picture) => {
    const sample = float32Tensor([1, 3, nativeSize, nativeSize], containInWhite(picture, nativeSize));
    const hidden = await images.runForOutput({ sample }, 'last_hidden_state');
    return floatData(await references.runForOutput({ hidden_states: hidden }, 'last_hidden_state'));
  };
}

/**
 * Returns text states followed by those of a reference picture, as IP-Adapter (Ye et al. 2023) lets a picture join a prompt.
 * The core was trained with reference rows multiplied by their strength, 0 … 1.
 */
export function followReference(text: TextStates, reference: ReferenceStates, strength: number): TextStates {
  const joined = new Float32Array(text.length + reference.length);
  joined.set(text);
  for (let i = 0; i < reference.length; i += 1) joined[text.length + i] = reference[i] * strength;
  return joined;
}
