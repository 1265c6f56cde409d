import { tileSize } from '../document/schema.ts';
import { type MaskTiles, tileKey } from './mask.ts';

/** Bytes of a picture, red, green, blue and perhaps more per pixel, rows from top to bottom. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 3 or 4; a fourth is alpha, and transparent parts are laid over mid-grey. */
  readonly channels: 3 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** White lines of one pixel on black, one byte a pixel. */
export interface EdgeMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Standard deviation of the smoothing, in pixels of the map. */
const blurSigma = 1.2;
/**
 * Height of a clean colour step, 0 … 255, that begins a line, and the one that continues it. The house packs were trained
 * with steps of more than 52 between pixels of a quarter of this size, where every step is seen whole or halved.
 */
const beginsAt = 60;
const continuesAt = 30;

/** Sides of the largest map: what is larger is scaled down first, since a line of one pixel says no more in 4,000 than here. */
export const largestEdgeMap = 1_024;

/** Width and height of the map that a picture of this size gives. */
export function edgeMapSize(
  width: number,
  height: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, largestEdgeMap / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * The edges of a picture (Canny 1986): each channel smoothed by a Gaussian, the steepest channel's gradient, thinned to its
 * crest, kept where it is strong or hangs together with what is. Deterministic; about 60 ns a pixel. The picture must not
 * be larger than `edgeMapSize` says.
 */
export function makeEdgeMap(picture: Pixels): EdgeMap {
  const { width, height } = picture;
  const { magnitude, direction } = steepest(picture);
  const crest = thin(magnitude, direction, width);
  return { width, height, data: follow(crest, width) };
}

/** A map as the tiles of a painted layer that lies where it does: those with a line on them, by "column,row". */
export function cutIntoTiles({ width, height, data }: EdgeMap): MaskTiles {
  const tiles: MaskTiles = new Map();
  for (let row = 0; row * tileSize < height; row += 1) {
    for (let column = 0; column * tileSize < width; column += 1) {
      const tile = new Uint8Array(tileSize * tileSize);
      const left = column * tileSize;
      const right = Math.min(left + tileSize, width);
      for (let y = row * tileSize; y < Math.min((row + 1) * tileSize, height); y += 1) {
        tile.set(data.subarray(y * width + left, y * width + right), (y % tileSize) * tileSize);
      }
      if (tile.some((value) => value > 0)) tiles.set(tileKey(column, row), tile);
    }
  }
  return tiles;
}

/** Gradient of the steepest channel, as the height of the step it comes from, and its direction in eighths of a turn. */
function steepest(picture: Pixels): { readonly magnitude: Float32Array; readonly direction: Uint8Array } {
  const { width, height } = picture;
  const area = width * height;
  const magnitude = new Float32Array(area);
  const direction = new Uint8Array(area);
  // The crest of a step smoothed by a Gaussian is its height / (σ √(2π)).
  const stepHeight = blurSigma * Math.sqrt(2 * Math.PI);
  for (let channel = 0; channel < 3; channel += 1) {
    const plane = blur(readChannel(picture, channel), width, height);
    for (let y = 0; y < height; y += 1) {
      const up = Math.max(y - 1, 0) * width;
      const down = Math.min(y + 1, height - 1) * width;
      for (let x = 0; x < width; x += 1) {
        const left = Math.max(x - 1, 0);
        const right = Math.min(x + 1, width - 1);
        const at = y * width + x;
        const dx = ((plane[y * width + right] ?? 0) - (plane[y * width + left] ?? 0)) / 2;
        const dy = ((plane[down + x] ?? 0) - (plane[up + x] ?? 0)) / 2;
        const steepness = Math.sqrt(dx * dx + dy * dy) * stepHeight;
        if (steepness > (magnitude[at] ?? 0)) {
          magnitude[at] = steepness;
          direction[at] = eighthOf(dx, dy);
        }
      }
    }
  }
  return { magnitude, direction };
}

function readChannel({ width, height, channels, data }: Pixels, channel: number): Float32Array {
  const plane = new Float32Array(width * height);
  for (let i = 0; i < plane.length; i += 1) {
    const value = data[i * channels + channel] ?? 0;
    const alpha = channels === 4 ? (data[i * channels + 3] ?? 0) / 255 : 1;
    plane[i] = value * alpha + 128 * (1 - alpha);
  }
  return plane;
}

/** 0: along x, 1: down right, 2: along y, 3: down left. */
function eighthOf(dx: number, dy: number): number {
  const x = Math.abs(dx);
  const y = Math.abs(dy);
  // tan 22.5° and tan 67.5°, so that no arctangent is needed.
  if (y <= 0.41421356 * x) return 0;
  if (y >= 2.41421356 * x) return 2;
  return dx > 0 === dy > 0 ? 1 : 3;
}

const kernel = gaussian(blurSigma);

function gaussian(sigma: number): readonly number[] {
  const reach = Math.ceil(sigma * 3);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Gaussian smoothing, edges repeated. */
function blur(plane: Float32Array, width: number, height: number): Float32Array {
  const across = blurAlong(plane, { lines: height, lineStep: width, length: width, step: 1 });
  return blurAlong(across, { lines: width, lineStep: 1, length: height, step: width });
}

/** Smooths every line of a plane: lines lie `lineStep` values apart, and the pixels of one `step`. */
function blurAlong(
  plane: Float32Array,
  { lines, lineStep, length, step }: Readonly<Record<'lines' | 'lineStep' | 'length' | 'step', number>>,
): Float32Array {
  const reach = (kernel.length - 1) / 2;
  const out = new Float32Array(plane.length);
  for (let line = 0; line < lines; line += 1) {
    const start = line * lineStep;
    for (let i = 0; i < length; i += 1) {
      let sum = 0;
      for (let k = -reach; k <= reach; k += 1) {
        const from = Math.min(Math.max(i + k, 0), length - 1);
        sum += (kernel[k + reach] ?? 0) * (plane[start + from * step] ?? 0);
      }
      out[start + i * step] = sum;
    }
  }
  return out;
}

/** The magnitude where it is not less than on both sides across the edge, else 0. Of two equal ones the first stays. */
function thin(magnitude: Float32Array, direction: Uint8Array, width: number): Float32Array {
  const height = magnitude.length / width;
  const crest = new Float32Array(magnitude.length);
  const stepX = [1, 1, 0, -1] as const;
  const stepY = [0, 1, 1, 1] as const;
  const read = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (magnitude[y * width + x] ?? 0);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const here = magnitude[at] ?? 0;
      if (here < continuesAt) continue;
      const dx = stepX[direction[at] ?? 0] ?? 1;
      const dy = stepY[direction[at] ?? 0] ?? 0;
      if (here > read(x - dx, y - dy) && here >= read(x + dx, y + dy)) crest[at] = here;
    }
  }
  return crest;
}

/** 255 on strong crests and on what hangs together with them. */
function follow(crest: Float32Array, width: number): Uint8Array {
  const height = crest.length / width;
  const lines = new Uint8Array(crest.length);
  const open: number[] = [];
  for (let at = 0; at < crest.length; at += 1) {
    if ((crest[at] ?? 0) < beginsAt || lines[at] === 255) continue;
    lines[at] = 255;
    open.push(at);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const x = next % width;
      const y = (next - x) / width;
      for (let j = Math.max(y - 1, 0); j <= Math.min(y + 1, height - 1); j += 1) {
        for (let i = Math.max(x - 1, 0); i <= Math.min(x + 1, width - 1); i += 1) {
          const near = j * width + i;
          if (lines[near] === 255 || (crest[near] ?? 0) === 0) continue;
          lines[near] = 255;
          open.push(near);
        }
      }
    }
  }
  return lines;
}
