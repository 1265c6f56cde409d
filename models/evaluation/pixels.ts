import type { RgbPicture } from '../pipelines/image/picture.ts';

/** Readings that need no network. A map of booleans is one number a pixel, 1 or 0, of the picture's width and height. */
export interface BitMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Peak signal-to-noise ratio in dB of two pictures of one size; equal pictures give 100. */
export function psnr(a: RgbPicture, b: RgbPicture): number {
  let error = 0;
  for (let i = 0; i < a.data.length; i += 1) error += (a.data[i] - b.data[i]) ** 2;
  return error === 0 ? 100 : Math.min(10 * Math.log10((255 ** 2 * a.data.length) / error), 100);
}

/** The same over the pixels outside all boxes; null when the boxes leave none. */
export function psnrOutside(a: RgbPicture, b: RgbPicture, boxes: readonly PixelBox[]): number | null {
  const { width, height } = a;
  let error = 0;
  let count = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inside = boxes.some((box) => x >= box.left && x < box.right && y >= box.top && y < box.bottom);
      if (inside) continue;
      for (let i = (y * width + x) * 3; i < (y * width + x) * 3 + 3; i += 1) {
        error += (a.data[i] - b.data[i]) ** 2;
      }
      count += 3;
    }
  }
  if (count === 0) return null;
  return error === 0 ? 100 : Math.min(10 * Math.log10((255 ** 2 * count) / error), 100);
}

/** Pixels whose strongest channel differs by more than `threshold` from the pixel to the left or above. */
export function colourSteps(picture: RgbPicture, threshold = 40): BitMap {
  const { width, height, data } = picture;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      const step = Math.max(
        x > 0 ? largestDifference(data, i, i - 1) : 0,
        y > 0 ? largestDifference(data, i, i - width) : 0,
      );
      out[i] = step > threshold ? 1 : 0;
    }
  }
  return { width, height, data: out };
}

function largestDifference(data: Uint8Array, i: number, j: number): number {
  let most = 0;
  for (let c = 0; c < 3; c += 1) most = Math.max(most, Math.abs(data[i * 3 + c] - data[j * 3 + c]));
  return most;
}

/** Pixels brighter than the middle in any channel: an edge map as bits. */
export function brightPixels(picture: RgbPicture): BitMap {
  const { width, height, data } = picture;
  const out = Uint8Array.from({ length: width * height }, (_, i) => (data[i * 3] > 127 ? 1 : 0));
  return { width, height, data: out };
}

/** F1 of two edge maps where a pixel counts as met within `tolerance` pixels (a square neighbourhood). */
export function edgeF1(got: BitMap, asked: BitMap, tolerance = 2): number {
  const precision = shareInside(got, widen(asked, tolerance));
  const recall = shareInside(asked, widen(got, tolerance));
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

function shareInside(bits: BitMap, area: BitMap): number {
  let inside = 0;
  let total = 0;
  for (let i = 0; i < bits.data.length; i += 1) {
    total += bits.data[i];
    inside += bits.data[i] & area.data[i];
  }
  return total === 0 ? 0 : inside / total;
}

function widen({ width, height, data }: BitMap, reach: number): BitMap {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      for (let v = Math.max(y - reach, 0); v <= Math.min(y + reach, height - 1); v += 1) {
        out.fill(1, v * width + Math.max(x - reach, 0), v * width + Math.min(x + reach, width - 1) + 1);
      }
    }
  }
  return { width, height, data: out };
}

/** Pixels that differ from the ground of a plain picture, whose colour is the mean of its top rows. */
export function objectArea(picture: RgbPicture, threshold = 28): BitMap {
  const { width, height, data } = picture;
  const rows = 3;
  const ground = [0, 1, 2].map((c) => {
    let sum = 0;
    for (let i = 0; i < width * rows; i += 1) sum += data[i * 3 + c];
    return sum / (width * rows);
  });
  const out = Uint8Array.from({ length: width * height }, (_, i) =>
    ground.some((value, c) => Math.abs(data[i * 3 + c] - value) > threshold) ? 1 : 0,
  );
  return { width, height, data: out };
}

/** Mean over ground and object of intersection over union. */
export function meanIou(a: BitMap, b: BitMap): number {
  const both = [0, 0];
  const either = [0, 0];
  for (let i = 0; i < a.data.length; i += 1) {
    for (const value of [0, 1]) {
      const inA = a.data[i] === value ? 1 : 0;
      const inB = b.data[i] === value ? 1 : 0;
      both[value] += inA & inB;
      either[value] += inA | inB;
    }
  }
  const of = (value: number): number => (either[value] === 0 ? 1 : both[value] / either[value]);
  return (of(0) + of(1)) / 2;
}

export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Mean difference, 0 … 255, of neighbouring pixels on the two sides of a box's border. */
export function seamStep(picture: RgbPicture, box: PixelBox): number {
  const { width, height, data } = picture;
  let sum = 0;
  let count = 0;
  const add = (x: number, y: number, u: number, v: number): void => {
    if (u < 0 || v < 0 || u >= width || v >= height) return;
    for (let c = 0; c < 3; c += 1) {
      sum += Math.abs(data[(y * width + x) * 3 + c] - data[(v * width + u) * 3 + c]);
    }
    count += 3;
  };
  for (let x = box.left; x < box.right; x += 1) {
    add(x, box.top, x, box.top - 1);
    add(x, box.bottom - 1, x, box.bottom);
  }
  for (let y = box.top; y < box.bottom; y += 1) {
    add(box.left, y, box.left - 1, y);
    add(box.right - 1, y, box.right, y);
  }
  return count === 0 ? 0 : sum / count;
}
