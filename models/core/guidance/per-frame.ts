import { linspaceFloat32 } from '../schedule/betas.ts';
import type { Branch, Guidance } from '../types.ts';

const BOTH: readonly Branch[] = ['negative', 'positive'];

export interface PerFrameOptions {
  /** Guidance scale of the first and of the last frame; those between lie on a straight line. */
  readonly first: number;
  readonly last: number;
  readonly frames: number;
  /** Videos in the tensor, which is ordered videos × frames × the rest. Default 1. */
  readonly batch?: number;
}

/**
 * Classifier-free guidance that grows along a video (Blattmann et al. 2023, Stable Video Diffusion, appendix D),
 * because frames far from the conditioning one need more of it.
 * @throws RangeError when a tensor does not divide into the frames.
 */
export function perFrameGuidance({ first, last, frames, batch = 1 }: PerFrameOptions): Guidance {
  const scales = linspaceFloat32(first, last, frames);
  return {
    branches: () => BOTH,
    combine([negative, positive], _at, out) {
      const size = out.length / (frames * batch);
      if (!Number.isInteger(size))
        throw new RangeError(`${out.length} values do not divide into ${frames} frames`);
      for (let i = 0; i < out.length; i++) {
        const scale = scales[Math.floor(i / size) % frames];
        out[i] = negative[i] + Math.fround(scale * Math.fround(positive[i] - negative[i]));
      }
    },
  };
}
