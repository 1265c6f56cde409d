import type { UpscaleScale } from '../../../shared/contracts/recipe.ts';
import { checkPicture, type RgbPicture } from '../image/picture.ts';
import type { HouseImageModel } from './model.ts';
import { planTiles, type TileRect } from './upscale-tiles.ts';

/** Factor of the networks that enlarge pictures of any size. */
export const networkScale = 4;

/** A finished tile: planes [3, height, width] in about -1 … 1, at `networkScale` times the picture. */
export interface EnlargedTile {
  /** Its place, in pixels of the enlarged picture. */
  readonly place: TileRect;
  readonly planes: Float32Array;
  /** Tiles until now, this one counted, and in all. */
  readonly step: number;
  readonly steps: number;
}

interface UpscaleContext {
  readonly model: Pick<HouseImageModel, 'upscale'>;
  /** Looked at before every tile; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Enlarges a picture four times, tile by tile; together the tiles are what the network gives for the whole picture. Memory goes
 * with the size of a tile and not with that of the picture.
 */
export async function* enlargeTiles(
  picture: RgbPicture,
  { model, signal }: UpscaleContext,
): AsyncGenerator<EnlargedTile> {
  checkPicture(picture, 3, 'picture');
  const tiles = planTiles(picture.width, picture.height);
  for (const [i, { gives, sees }] of tiles.entries()) {
    signal.throwIfAborted();
    const large = scaled(sees);
    const planes = await model.upscale(cutSigned(picture, sees), sees);
    const place = scaled(gives);
    const inside = { ...place, x: place.x - large.x, y: place.y - large.y };
    yield { place, planes: cutPlanes(planes, large, inside), step: i + 1, steps: tiles.length };
  }
}

/** How far an enlargement has come. */
export interface UpscaleProgress {
  readonly step: number;
  readonly steps: number;
}

/**
 * Enlarges a picture by tiles; twice is four times and then the mean of every 2 × 2 pixels. Yields after each tile and returns the
 * picture. Throws the signal's reason when cancelled.
 */
export async function* upscalePicture(
  picture: RgbPicture,
  scale: UpscaleScale,
  context: UpscaleContext,
): AsyncGenerator<UpscaleProgress, RgbPicture> {
  const width = picture.width * scale;
  const height = picture.height * scale;
  const data = new Uint8ClampedArray(width * height * 3);
  for await (const { place, planes, step, steps } of enlargeTiles(picture, context)) {
    writeTile(data, { place, planes, width, share: networkScale / scale });
    yield { step, steps };
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

function scaled({ x, y, width, height }: TileRect): TileRect {
  return {
    x: x * networkScale,
    y: y * networkScale,
    width: width * networkScale,
    height: height * networkScale,
  };
}

/** A part of a picture as the network takes it: planes [3, height, width] in -1 … 1. */
function cutSigned({ width, data }: RgbPicture, part: TileRect): Float32Array {
  const area = part.width * part.height;
  const planes = new Float32Array(3 * area);
  for (let y = 0, to = 0; y < part.height; y += 1) {
    let from = ((part.y + y) * width + part.x) * 3;
    for (let x = 0; x < part.width; x += 1, to += 1, from += 3) {
      planes[to] = (data[from] / 255) * 2 - 1;
      planes[area + to] = (data[from + 1] / 255) * 2 - 1;
      planes[2 * area + to] = (data[from + 2] / 255) * 2 - 1;
    }
  }
  return planes;
}

/** A rectangle of planes [3, whole.height, whole.width]. */
function cutPlanes(planes: Float32Array, whole: TileRect, part: TileRect): Float32Array {
  const out = new Float32Array(3 * part.width * part.height);
  for (let row = 0; row < 3 * part.height; row += 1) {
    const channel = Math.floor(row / part.height);
    const from = (channel * whole.height + part.y + (row % part.height)) * whole.width + part.x;
    out.set(planes.subarray(from, from + part.width), row * part.width);
  }
  return out;
}

interface TileTarget {
  readonly place: TileRect;
  readonly planes: Float32Array;
  /** Of the picture that is written. */
  readonly width: number;
  /** Pixels of the tile along each side that make one of the picture. */
  readonly share: number;
}

/** Writes a tile into the bytes of the picture, `share` × `share` of its pixels as their mean. */
function writeTile(out: Uint8ClampedArray, { place, planes, width, share }: TileTarget): void {
  const area = place.width * place.height;
  const columns = place.width / share;
  const rows = place.height / share;
  for (let y = 0; y < rows; y += 1) {
    let to = ((place.y / share + y) * width + place.x / share) * 3;
    for (let x = 0; x < columns; x += 1, to += 3) {
      const from = y * share * place.width + x * share;
      for (let c = 0; c < 3; c += 1) {
        out[to + c] = meanLevel(planes, c * area + from, place.width, share);
      }
    }
  }
}

/** The mean of share × share values of -1 … 1 as 0 … 255; what lies beyond is not seen, so it does not count. */
function meanLevel(planes: Float32Array, from: number, stride: number, share: number): number {
  let sum = 0;
  for (let y = 0; y < share; y += 1) {
    for (let x = 0; x < share; x += 1) {
      sum += Math.min(Math.max(planes[from + y * stride + x], -1), 1);
    }
  }
  return Math.fround(((sum / (share * share)) * 0.5 + 0.5) * 255);
}
