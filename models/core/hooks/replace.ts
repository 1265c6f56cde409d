import type { Hook, Latent, Plan, Rng } from '../types.ts';

export interface ReplaceOptions {
  /** The clean sample whose part is kept. */
  readonly original: Latent;
  /** 1 is made anew, 0 is kept; values between mix. Of x's length. */
  readonly mask: Latent;
  /** Noise for the kept part: one fixed draw, or a generator for a fresh one after every step. */
  readonly noise: Latent | Rng;
}

/**
 * Puts the kept part back after every step, noised to the level x then has, and clean after the last. With fixed
 * noise this is the inpainting of image-to-image pipelines, with fresh noise Blended Diffusion (Avrahami, Lischinski
 * and Fried 2022, algorithm 2; Song et al. 2021, appendix I.2).
 */
export function replaceHook({ original, mask, noise }: ReplaceOptions): Hook {
  const background = original.slice();
  const fresh = 'randn' in noise ? original.slice() : null;
  return {
    afterStep(x, { index, last, plan }) {
      if (atTheEnd(last, index, plan)) background.set(original);
      else if ('randn' in noise) {
        const drawn = fresh ?? original;
        noise.randn(drawn);
        plan.addNoise(index + 1, original, drawn, background);
      } else plan.addNoise(index + 1, original, noise, background);
      for (let i = 0; i < x.length; i++) x[i] = (1 - mask[i]) * background[i] + mask[i] * x[i];
    },
  };
}

/** A run that hands over to another model stops at a noisy level, and its kept part must be noisy too. */
function atTheEnd(last: boolean, index: number, plan: Plan): boolean {
  return last && index + 1 === plan.timesteps.length;
}
