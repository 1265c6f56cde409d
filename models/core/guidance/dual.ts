import type { Branch, Guidance } from '../types.ts';

const BRANCHES: readonly Branch[] = ['positive', 'image', 'negative'];

export interface DualOptions {
  /** Weight of the instruction. */
  readonly scale: number;
  /** Weight of the source picture. */
  readonly imageScale: number;
}

/**
 * Guidance by two conditionings (Brooks, Holynski and Efros 2023, InstructPix2Pix, equation 3): none + s·(both -
 * image) + s_image·(image - none), with `positive` under both, `image` under the picture alone and `negative`
 * under none.
 */
export function dualGuidance({ scale, imageScale }: DualOptions): Guidance {
  const f = Math.fround;
  const text = f(scale);
  const picture = f(imageScale);
  return {
    branches: () => BRANCHES,
    combine([both, image, none], _at, out) {
      for (let i = 0; i < out.length; i++) {
        const towardsText = f(text * f(both[i] - image[i]));
        out[i] = f(none[i] + towardsText) + f(picture * f(image[i] - none[i]));
      }
    },
  };
}
