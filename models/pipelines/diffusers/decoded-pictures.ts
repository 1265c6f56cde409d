import { countElements, floatData, type HostTensor } from '../../runtime/tensor.ts';

/** Pictures of one size, channels last. */
export interface FloatPictures {
  /** [N, H, W, C]. */
  readonly shape: readonly number[];
  /** 0 … 1. */
  readonly data: Float32Array;
}

/** Returns pictures from network output [N, C, H, W]: clamp(v / 2 + 1/2, 0, 1), channels last. */
export function toPictures(decoded: HostTensor): FloatPictures {
  const [count, channels, height, width] = decoded.shape;
  const values = floatData(decoded);
  const area = height * width;
  const data = new Float32Array(countElements(decoded.shape));
  for (let n = 0; n < count; n += 1) {
    for (let c = 0; c < channels; c += 1) {
      const from = (n * channels + c) * area;
      for (let i = 0; i < area; i += 1) {
        const value = Math.fround(Math.fround(values[from + i] / 2) + 0.5);
        data[(n * area + i) * channels + c] = Math.min(Math.max(value, 0), 1);
      }
    }
  }
  return { shape: [count, height, width, channels], data };
}

/** Returns bytes 0 … 255, rounded half to even. */
export function toPictureBytes(pictures: FloatPictures): Uint8Array {
  const out = new Uint8ClampedArray(pictures.data.length);
  out.set(pictures.data.map((value) => Math.fround(value * 255)));
  return new Uint8Array(out.buffer);
}
