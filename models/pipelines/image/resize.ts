import type { FloatPicture } from './picture.ts';

/**
 * Resampling in plain arithmetic (no platform library), so that a picture prepared on any machine has the same values.
 */

/**
 * Returns the picture at another size by averaging over each target pixel's area (a box filter with fractional edges).
 *
 * Meant for making pictures smaller; it keeps the mean of the picture. Enlarging gives blocks.
 */
export function resizeArea(picture: FloatPicture, width: number, height: number): FloatPicture {
  const columns = areaWeights(picture.width, width);
  const rows = areaWeights(picture.height, height);
  return resizeSeparable(picture, { width, height, columns, rows });
}

/**
 * Returns the picture at another size by bicubic interpolation (Catmull–Rom, a = -0.5; Keys 1981), pixel centres aligned,
 * edges repeated. Meant for enlarging.
 */
export function resizeCubic(picture: FloatPicture, width: number, height: number): FloatPicture {
  const columns = cubicWeights(picture.width, width);
  const rows = cubicWeights(picture.height, height);
  return resizeSeparable(picture, { width, height, columns, rows });
}

/** Returns the picture at another size: by area where it gets smaller, bicubic where it gets larger. */
export function resizePicture(picture: FloatPicture, width: number, height: number): FloatPicture {
  if (picture.width === width && picture.height === height) {
    return picture;
  }
  const columns =
    width <= picture.width ? areaWeights(picture.width, width) : cubicWeights(picture.width, width);
  const rows =
    height <= picture.height ? areaWeights(picture.height, height) : cubicWeights(picture.height, height);
  return resizeSeparable(picture, { width, height, columns, rows });
}

/** For every target position: the first source position and the weights from there on. They sum to 1. */
type Weights = readonly { readonly start: number; readonly weights: Float64Array }[];

function areaWeights(source: number, target: number): Weights {
  const step = source / target;
  return Array.from({ length: target }, (_, i) => {
    const from = i * step;
    const to = Math.min((i + 1) * step, source);
    const start = Math.min(Math.floor(from + 1e-9), source - 1);
    const end = Math.max(Math.ceil(to - 1e-9), start + 1);
    const weights = new Float64Array(end - start);
    let total = 0;
    for (let j = start; j < end; j += 1) {
      const share = Math.max(Math.min(j + 1, to) - Math.max(j, from), 1e-12);
      weights[j - start] = share;
      total += share;
    }
    return { start, weights: weights.map((weight) => weight / total) };
  });
}

function cubicWeights(source: number, target: number): Weights {
  const step = source / target;
  return Array.from({ length: target }, (_, i) => {
    const centre = (i + 0.5) * step - 0.5;
    const first = Math.floor(centre) - 1;
    const start = Math.max(first, 0);
    const end = Math.min(first + 4, source);
    const weights = new Float64Array(Math.max(end - start, 1));
    let total = 0;
    for (let tap = first; tap < first + 4; tap += 1) {
      const weight = cubicKernel(centre - tap);
      const clamped = Math.min(Math.max(tap, 0), source - 1);
      weights[clamped - start] += weight;
      total += weight;
    }
    return { start, weights: weights.map((weight) => weight / total) };
  });
}

function cubicKernel(offset: number): number {
  const x = Math.abs(offset);
  if (x < 1) {
    return (1.5 * x - 2.5) * x * x + 1;
  }
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function resizeSeparable(
  picture: FloatPicture,
  plan: {
    readonly width: number;
    readonly height: number;
    readonly columns: Weights;
    readonly rows: Weights;
  },
): FloatPicture {
  const { channels } = picture;
  const { width, height, columns, rows } = plan;
  const narrow = new Float32Array(width * picture.height * channels);
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const { start, weights } = columns[x];
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let k = 0; k < weights.length; k += 1) {
          sum += weights[k] * picture.data[(y * picture.width + start + k) * channels + c];
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const out = new Float32Array(width * height * channels);
  const rowLength = width * channels;
  for (let y = 0; y < height; y += 1) {
    const { start, weights } = rows[y];
    for (let i = 0; i < rowLength; i += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) {
        sum += weights[k] * narrow[(start + k) * rowLength + i];
      }
      out[y * rowLength + i] = sum;
    }
  }
  return { width, height, channels, data: out };
}
