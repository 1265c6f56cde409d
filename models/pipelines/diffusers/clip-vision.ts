import { floatData, type HostTensor } from '../../runtime/tensor.ts';

/** Preparing a picture for a CLIP vision encoder as Stable Video Diffusion does. */

const SIDE = 224;
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/**
 * Returns [1, 3, 224, 224] from [1, 3, H, W] in -1 … 1: a Gaussian blur where it shrinks, bicubic resampling with
 * aligned corners (a = -0.75, torch's kernel), then CLIP's mean and deviation.
 */
export function toClipPixels(picture: HostTensor): HostTensor {
  const [, channels, height, width] = picture.shape;
  const values = floatData(picture);
  const out = new Float32Array(channels * SIDE * SIDE);
  const rows = resampleWeights(height, SIDE);
  const columns = resampleWeights(width, SIDE);
  for (let c = 0; c < channels; c += 1) {
    const plane = values.subarray(c * height * width, (c + 1) * height * width);
    const blurred = blur(plane, height, width);
    const narrow = new Float32Array(height * SIDE);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < SIDE; x += 1) {
        narrow[y * SIDE + x] = columns[x].reduce(
          (sum, [at, weight]) => sum + weight * blurred[y * width + at],
          0,
        );
      }
    }
    for (let y = 0; y < SIDE; y += 1) {
      for (let x = 0; x < SIDE; x += 1) {
        const value = rows[y].reduce((sum, [at, weight]) => sum + weight * narrow[at * SIDE + x], 0);
        out[(c * SIDE + y) * SIDE + x] = ((value + 1) / 2 - MEAN[c]) / DEVIATION[c];
      }
    }
  }
  return { shape: [1, channels, SIDE, SIDE], data: out };
}

type Taps = readonly (readonly [at: number, weight: number])[];

function resampleWeights(source: number, target: number): readonly Taps[] {
  const step = target > 1 ? (source - 1) / (target - 1) : 0;
  return Array.from({ length: target }, (_, i) => {
    const centre = i * step;
    const first = Math.floor(centre);
    return [-1, 0, 1, 2].map((offset) => {
      const at = Math.min(Math.max(first + offset, 0), source - 1);
      return [at, cubicKernel(centre - (first + offset))] as const;
    });
  });
}

/** Keys 1981 with a = -0.75. */
function cubicKernel(offset: number): number {
  const a = -0.75;
  const x = Math.abs(offset);
  if (x <= 1) {
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  }
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

/** Blurs against aliasing along each side that shrinks; edges are mirrored. */
function blur(plane: Float32Array, height: number, width: number): Float32Array {
  const down = gaussianKernel(height / SIDE);
  const across = gaussianKernel(width / SIDE);
  const middle = new Float32Array(plane.length);
  const out = new Float32Array(plane.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      middle[y * width + x] = across.reduce(
        (sum, weight, k) => sum + weight * plane[y * width + mirror(x + k - (across.length >> 1), width)],
        0,
      );
    }
  }
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      out[y * width + x] = down.reduce(
        (sum, weight, k) => sum + weight * middle[mirror(y + k - (down.length >> 1), height) * width + x],
        0,
      );
    }
  }
  return out;
}

function gaussianKernel(factor: number): readonly number[] {
  const sigma = Math.max((factor - 1) / 2, 0.001);
  const size = Math.trunc(Math.max(4 * sigma, 3));
  const odd = size % 2 === 0 ? size + 1 : size;
  const raw = Array.from({ length: odd }, (_, k) => Math.exp(-((k - (odd >> 1)) ** 2) / (2 * sigma ** 2)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}

function mirror(at: number, size: number): number {
  if (size === 1) {
    return 0;
  }
  const folded = Math.abs(at) % (2 * size - 2);
  return folded < size ? folded : 2 * size - 2 - folded;
}
