import { type RgbPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import type { TextStates } from './model.ts';

/** What the encoder of reference pictures says of one, [rows, width]; the same width as text states have. */
export type ReferenceStates = Float32Array;

/** Brightness of the paper around a picture that is no square, as the encoder was trained. */
const white = 255;

/** Returns a picture contained in a white square, as the reference encoder takes it: [3, size, size] in -1 … 1. */
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
 * Returns text states followed by those of a reference picture, as IP-Adapter (Ye et al. 2023) lets a picture join a prompt.
 * The core was trained with reference rows multiplied by their strength, 0 … 1.
 */
export function followReference(text: TextStates, reference: ReferenceStates, strength: number): TextStates {
  const joined = new Float32Array(text.length + reference.length);
  joined.set(text);
  for (let i = 0; i < reference.length; i += 1) joined[text.length + i] = reference[i] * strength;
  return joined;
}
