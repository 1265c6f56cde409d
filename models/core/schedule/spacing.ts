/**
 * Ways to lay `count` noise levels between the largest and the smallest, in double precision, descending.
 */

/** `count` points from start to stop, both included; a single point is start. */
export function linspace(start: number, stop: number, count: number): Float64Array {
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  const points = Float64Array.from({ length: count }, (_, i) => i * step + start);
  if (count > 1) points[count - 1] = stop;
  return points;
}

/** Karras, Aittala, Aila and Laine 2022, equation 5: straight in sigma^(1/rho). */
export function karrasSigmas(largest: number, smallest: number, count: number, rho = 7): Float64Array {
  const top = largest ** (1 / rho);
  const bottom = smallest ** (1 / rho);
  return linspace(0, 1, count).map((ramp) => (top + ramp * (bottom - top)) ** rho);
}

/** Straight in log sigma. */
export function exponentialSigmas(largest: number, smallest: number, count: number): Float64Array {
  return linspace(Math.log(largest), Math.log(smallest), count).map(Math.exp);
}
