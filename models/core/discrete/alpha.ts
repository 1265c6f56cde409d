/** The share of tokens that are still clean at time t in [0, 1]: 1 at the start, about 0 at the end. */
export type AlphaSchedule = (t: number) => number;

/** alpha = 1 - t. */
export function linearAlpha(t: number): number {
  return 1 - t;
}

/** alpha = 1 - (1 - epsilon)·t (Lou, Meng and Ermon 2024, log-linear noise). */
export function loglinearAlpha(epsilon: number): AlphaSchedule {
  return (t) => 1 - (1 - epsilon) * t;
}

/** alpha = cos(pi·t/2) (Sahoo et al. 2024, appendix C.1). */
export function cosineAlpha(t: number): number {
  // cos(pi/2) is not zero in floating point; the process ends fully masked.
  return t === 1 ? 0 : Math.cos((Math.PI * t) / 2);
}

/** alpha = exp(-smallest^(1-t) · largest^t), total noise rising geometrically (Lou, Meng and Ermon 2024). */
export function geometricAlpha(smallest: number, largest: number): AlphaSchedule {
  return (t) => Math.exp(-(smallest ** (1 - t)) * largest ** t);
}
