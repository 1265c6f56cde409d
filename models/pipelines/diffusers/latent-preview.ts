import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import type { RgbPicture } from '../image/picture.ts';
import { toBytes } from '../image/picture.ts';

/** A straight line from latent channels to red, green and blue: three rows of C weights and an offset. */
export type PreviewMap = readonly (readonly number[])[];

/**
 * Returns a picture of latents [1, C, h, w] at their own size. With a map, each latent is turned into a colour by it;
 * without one, the first three channels stand for red, green and blue, stretched to the full range.
 */
export function previewLatents(latents: HostTensor, map: PreviewMap | null): RgbPicture {
  const [, channels, height, width] = latents.shape;
  const values = floatData(latents);
  const area = height * width;
  const colours = new Float32Array(area * 3);
  for (let c = 0; c < 3; c += 1) {
    const row = map?.[c] ?? stretchChannel(values, Math.min(c, channels - 1), { area, channels });
    for (let i = 0; i < area; i += 1) {
      let value = row[channels];
      for (let k = 0; k < channels; k += 1) {
        value += row[k] * values[k * area + i];
      }
      colours[i * 3 + c] = value;
    }
  }
  return { width, height, data: toBytes(colours) };
}

/**
 * Fits the map from one finished picture: the least-squares line from its latents to the mean colour of the pixels each of
 * them became. One decoded picture gives hundreds of equations for C + 1 unknowns, and it fits the model at hand, which no
 * table of constants does. Returns null when the equations do not decide it.
 */
export function fitPreviewMap(latents: HostTensor, decoded: HostTensor): PreviewMap | null {
  const [, channels, height, width] = latents.shape;
  const [, , fullHeight, fullWidth] = decoded.shape;
  const values = floatData(latents);
  const area = height * width;
  const colours = averageBlocks(decoded, height, width, fullHeight / height, fullWidth / width);
  const size = channels + 1;
  const row = (i: number): readonly number[] =>
    Array.from({ length: size }, (_, k) => (k < channels ? values[k * area + i] : 1));
  const normal = Array.from({ length: size }, () => zeros(size + 3));
  for (let i = 0; i < area; i += 1) {
    const x = row(i);
    for (let a = 0; a < size; a += 1) {
      for (let b = 0; b < size; b += 1) {
        normal[a][b] += x[a] * x[b];
      }
      for (let c = 0; c < 3; c += 1) {
        normal[a][size + c] += x[a] * colours[c * area + i];
      }
    }
  }
  return solve(normal, size);
}

/** Gauss–Jordan elimination with row pivoting on [size, size + 3]; returns the three solutions. */
function solve(system: number[][], size: number): PreviewMap | null {
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1) {
      if (Math.abs(system[row][column]) > Math.abs(system[pivot][column])) {
        pivot = row;
      }
    }
    if (Math.abs(system[pivot][column]) < 1e-9) {
      return null;
    }
    [system[column], system[pivot]] = [system[pivot], system[column]];
    for (let row = 0; row < size; row += 1) {
      const factor = row === column ? 0 : system[row][column] / system[column][column];
      for (let k = column; k < size + 3; k += 1) {
        system[row][k] -= factor * system[column][k];
      }
    }
  }
  return [0, 1, 2].map((c) => system.map((row, k) => row[size + c] / row[k]));
}

/** Mean of each block of decoded pixels, as 0 … 255, planes [3, height, width]. */
function averageBlocks(
  decoded: HostTensor,
  height: number,
  width: number,
  blockHeight: number,
  blockWidth: number,
): Float32Array {
  const fullWidth = decoded.shape[3];
  const fullArea = decoded.shape[2] * fullWidth;
  const values = floatData(decoded);
  const out = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c += 1) {
    for (let y = 0; y < height * blockHeight; y += 1) {
      for (let x = 0; x < width * blockWidth; x += 1) {
        const to = (c * height + Math.floor(y / blockHeight)) * width + Math.floor(x / blockWidth);
        out[to] += ((values[c * fullArea + y * fullWidth + x] + 1) * 127.5) / (blockHeight * blockWidth);
      }
    }
  }
  return out;
}

function stretchChannel(
  values: Float32Array,
  channel: number,
  { area, channels }: { readonly area: number; readonly channels: number },
): readonly number[] {
  const plane = values.subarray(channel * area, (channel + 1) * area);
  const low = plane.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = plane.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const factor = 255 / Math.max(high - low, 1e-6);
  const row = zeros(channels + 1);
  row[channel] = factor;
  row[channels] = -low * factor;
  return row;
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}
