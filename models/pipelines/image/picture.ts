/** Plain pictures in memory, and the numbers a network sees. Rows from top to bottom, no padding. */

/** `data` holds red, green, blue per pixel, 0 … 255. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** `data` holds one value per pixel, 0 … 255. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Interleaved float planes: `channels` values per pixel. */
export interface FloatPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Throws RangeError when a picture's buffer does not have the size that its width and height ask for. */
export function checkPicture(picture: RgbPicture | GrayPicture, channels: 1 | 3, name: string): void {
  const expected = picture.width * picture.height * channels;
  if (picture.data.length !== expected) {
    throw new RangeError(
      `${name} is ${picture.width} × ${picture.height}, which takes ${expected} bytes, not ${picture.data.length}`,
    );
  }
}

/** Returns a picture as floats 0 … 255. */
export function toFloatPicture(picture: RgbPicture | GrayPicture, channels: 1 | 3): FloatPicture {
  return { width: picture.width, height: picture.height, channels, data: Float32Array.from(picture.data) };
}

/** Returns bytes, rounded half to even as the reference implementations do, clamped to 0 … 255. */
export function toBytes(data: Float32Array): Uint8Array {
  const out = new Uint8ClampedArray(data.length);
  // Value by value: `set` leaves the engine's compiled code and takes ten times as long.
  for (let i = 0; i < data.length; i += 1) out[i] = data[i];
  return new Uint8Array(out.buffer);
}

/**
 * Returns network input from a float picture: planes [channels, height, width], with 0 … 255 mapped to -1 … 1.
 */
export function toSignedPlanes(picture: FloatPicture): Float32Array {
  const { width, height, channels, data } = picture;
  const area = width * height;
  const out = new Float32Array(area * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let i = 0; i < area; i += 1) {
      out[channel * area + i] = (data[i * channels + channel] / 255) * 2 - 1;
    }
  }
  return out;
}

/** Returns RGB bytes from planes [3, height, width] in -1 … 1; values beyond are clamped. */
export function fromSignedPlanes(planes: Float32Array, width: number, height: number): RgbPicture {
  const area = width * height;
  const out = new Uint8ClampedArray(area * 3);
  // The three channels together: one pass over memory instead of three.
  for (let i = 0, at = 0; i < area; i += 1, at += 3) {
    out[at] = toLevel(planes[i]);
    out[at + 1] = toLevel(planes[area + i]);
    out[at + 2] = toLevel(planes[2 * area + i]);
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}

/** -1 … 1 as 0 … 255, in float32 as the reference has it before rounding. */
function toLevel(value: number): number {
  return Math.fround((value * 0.5 + 0.5) * 255);
}
