import type { Hook, Latent, Rng } from '../../core/types.ts';

export interface FreshNoiseOptions {
  /** Share of the noise that is drawn anew after every step, 0 … 1: 0 is Euler's method, 1 forgets the old noise. */
  readonly share: number;
  readonly rng: Rng;
}

/**
 * Draws a part of the noise anew after every step, as η does in DDIM (Song, Meng and Ermon 2021, equation 16): a small network
 * makes errors, and what it sees next should not be made of them.
 *
 * After a flow step x = (1 - s)·x0 + s·ε and v = ε - x0, so ε = x + (1 - s)·v, and x changes by
 * s·((√(1 - η²) - 1)·ε + η·z) with z new. Nothing happens after the last step, where s is 0.
 */
export function freshNoiseHook({ share, rng }: FreshNoiseOptions): Hook {
  let drawn = new Float32Array(0);
  return {
    afterStep(x, { index, last, prediction, plan }) {
      const sigma = plan.sigmas[index + 1];
      if (last || sigma === 0) return;
      if (drawn.length !== x.length) drawn = new Float32Array(x.length);
      rng.randn(drawn);
      renew({ x, velocity: prediction, sigma, drawn, share });
    },
  };
}

interface Renewal {
  readonly x: Latent;
  readonly velocity: Latent;
  readonly sigma: number;
  readonly drawn: Float32Array;
  readonly share: number;
}

function renew({ x, velocity, sigma, drawn, share }: Renewal): void {
  const signal = 1 - sigma;
  const change = Math.sqrt(1 - share * share) - 1;
  for (let i = 0; i < x.length; i += 1) {
    const noise = x[i] + signal * velocity[i];
    x[i] += sigma * (change * noise + share * drawn[i]);
  }
}
