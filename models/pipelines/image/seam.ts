import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import type { FloatPicture, GrayPicture, RgbPicture } from './picture.ts';
import { toBytes } from './picture.ts';

/**
 * Putting a repainted region back into an untouched picture.
 */

const DIAGONAL = Math.SQRT2;
/** Pixels over which a repainted region fades into the picture around it, at 256 px. */
const FEATHER = 6;

/**
 * Returns the finished picture of a request: what was painted, or for inpaint and extend the source with the painted
 * pixels under its mask. Outside the mask every byte is the source's own.
 */
export function pasteIntoSource(
  painted: RgbPicture,
  request: {
    readonly mode: GenerationMode;
    readonly source: RgbPicture | null;
    readonly mask: GrayPicture | null;
  },
): RgbPicture {
  const { mode, source, mask } = request;
  if ((mode !== 'inpaint' && mode !== 'extend') || source === null || mask === null) {
    return painted;
  }
  const feather = Math.max(Math.round((FEATHER * Math.max(source.width, source.height)) / 256), 1);
  const base = mode === 'extend' ? fillFromOutside(source, mask) : source;
  return blendPictures(base, painted, featherMask(mask, feather));
}

/**
 * Returns how much of the repainted picture shows at each pixel, 0 … 1.
 *
 * 0 wherever `mask` is 0, so pixels outside the mask never change; inside, it rises over `feather` pixels away from the
 * border (distance by a two-pass 3 × 3 chamfer, Borgefors 1986) and never exceeds mask / 255. The border of the picture
 * itself is no seam.
 */
export function featherMask(mask: GrayPicture, feather: number): Float32Array {
  const distance = measureInside(mask);
  return Float32Array.from(distance, (value, i) => {
    const ramp = feather <= 0 ? 1 : Math.min(value / (feather + 1), 1);
    const smooth = ramp * ramp * (3 - 2 * ramp);
    return mask.data[i] === 0 ? 0 : smooth * (mask.data[i] / 255);
  });
}

/** Returns source · (1 - alpha) + painted · alpha, with source bytes untouched where alpha is 0. */
export function blendPictures(source: RgbPicture, painted: RgbPicture, alpha: Float32Array): RgbPicture {
  const data = new Float32Array(source.data.length);
  for (let i = 0; i < alpha.length; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      const at = i * 3 + c;
      data[at] =
        alpha[i] === 0 ? source.data[at] : source.data[at] + (painted.data[at] - source.data[at]) * alpha[i];
    }
  }
  return { width: source.width, height: source.height, data: toBytes(data) };
}

/**
 * Returns the picture with every pixel of the mask replaced by its nearest pixel outside the mask.
 *
 * Where a canvas has no pixels yet, this gives the seam something to fade from. A fully masked picture is returned as is.
 */
export function fillFromOutside(source: RgbPicture, mask: GrayPicture): RgbPicture {
  const { width, height } = source;
  const nearest = new Int32Array(width * height).fill(-1);
  const distance = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < nearest.length; i += 1) {
    if (mask.data[i] === 0) {
      nearest[i] = i;
      distance[i] = 0;
    }
  }
  sweep(width, height, (i, from, step) => {
    if (distance[from] + step < distance[i]) {
      distance[i] = distance[from] + step;
      nearest[i] = nearest[from];
    }
  });
  const data = Uint8Array.from(source.data);
  for (let i = 0; i < nearest.length; i += 1) {
    if (nearest[i] >= 0 && nearest[i] !== i) {
      data.copyWithin(i * 3, nearest[i] * 3, nearest[i] * 3 + 3);
    }
  }
  return { width, height, data };
}

/** Returns a mask at another size in which a pixel is 1 as soon as any of its area is to be repainted, else 0. */
export function thresholdMask(coverage: FloatPicture): Float32Array {
  return Float32Array.from(coverage.data, (value) => (value > 1 ? 1 : 0));
}

/** Distance in pixels from each masked pixel to the nearest unmasked one; 0 outside the mask. */
function measureInside(mask: GrayPicture): Float32Array {
  const distance = Float32Array.from(mask.data, (value) => (value === 0 ? 0 : Number.POSITIVE_INFINITY));
  sweep(mask.width, mask.height, (i, from, step) => {
    distance[i] = Math.min(distance[i], distance[from] + step);
  });
  return distance;
}

/** Visits every pixel with its already visited neighbours, once from the top left and once from the bottom right. */
function sweep(width: number, height: number, visit: (i: number, from: number, step: number) => void): void {
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      if (x > 0) visit(i, i - 1, 1);
      if (y > 0) visit(i, i - width, 1);
      if (x > 0 && y > 0) visit(i, i - width - 1, DIAGONAL);
      if (x < width - 1 && y > 0) visit(i, i - width + 1, DIAGONAL);
    }
  }
  for (let y = height - 1; y >= 0; y -= 1) {
    for (let x = width - 1; x >= 0; x -= 1) {
      const i = y * width + x;
      if (x < width - 1) visit(i, i + 1, 1);
      if (y < height - 1) visit(i, i + width, 1);
      if (x < width - 1 && y < height - 1) visit(i, i + width + 1, DIAGONAL);
      if (x > 0 && y < height - 1) visit(i, i + width - 1, DIAGONAL);
    }
  }
}
