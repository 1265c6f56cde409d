import type { Latent } from '../types.ts';

/**
 * Element-wise loops of the solvers. Sums are computed in double and rounded once, when stored; `out` may be
 * any of the inputs. The `…Rounded` forms round after every operation, as float32 tensors do.
 */

/** out = a·x */
export function scale(out: Latent, a: number, x: Latent): void {
  for (let i = 0; i < out.length; i++) out[i] = a * x[i];
}

/** out = x / divisor */
export function divide(out: Latent, x: Latent, divisor: number): void {
  for (let i = 0; i < out.length; i++) out[i] = x[i] / divisor;
}

/** out = a·x + b·y */
export function combine2(out: Latent, a: number, x: Latent, b: number, y: Latent): void {
  for (let i = 0; i < out.length; i++) out[i] = a * x[i] + b * y[i];
}

/** out = a·x + b·y + c·z */
export function combine3(
  out: Latent,
  a: number,
  x: Latent,
  b: number,
  y: Latent,
  c: number,
  z: Latent,
): void {
  for (let i = 0; i < out.length; i++) out[i] = a * x[i] + b * y[i] + c * z[i];
}

/** out = Σ weights[at + k]·terms[k] over the first `count` terms, at most six. */
export function combine(
  out: Latent,
  count: number,
  weights: ArrayLike<number>,
  terms: readonly Latent[],
  at = 0,
): void {
  const n = out.length;
  // By index: taking an array apart by pattern makes an iterator and an object for every element.
  const t0 = terms[0];
  const w0 = weights[at];
  if (count === 1) {
    for (let i = 0; i < n; i++) out[i] = w0 * t0[i];
    return;
  }
  const t1 = terms[1];
  const w1 = weights[at + 1];
  if (count === 2) {
    for (let i = 0; i < n; i++) out[i] = w0 * t0[i] + w1 * t1[i];
    return;
  }
  const t2 = terms[2];
  const w2 = weights[at + 2];
  if (count === 3) {
    for (let i = 0; i < n; i++) out[i] = w0 * t0[i] + w1 * t1[i] + w2 * t2[i];
    return;
  }
  const t3 = terms[3];
  const w3 = weights[at + 3];
  if (count === 4) {
    for (let i = 0; i < n; i++) out[i] = w0 * t0[i] + w1 * t1[i] + w2 * t2[i] + w3 * t3[i];
    return;
  }
  const t4 = terms[4];
  const w4 = weights[at + 4];
  if (count === 5) {
    for (let i = 0; i < n; i++) out[i] = w0 * t0[i] + w1 * t1[i] + w2 * t2[i] + w3 * t3[i] + w4 * t4[i];
    return;
  }
  if (count !== 6) throw new RangeError(`combine takes 1 to 6 terms, got ${count}`);
  const t5 = terms[5];
  const w5 = weights[at + 5];
  for (let i = 0; i < n; i++) {
    out[i] = w0 * t0[i] + w1 * t1[i] + w2 * t2[i] + w3 * t3[i] + w4 * t4[i] + w5 * t5[i];
  }
}

/** Moves the last item to the front, in place, where it will be overwritten. */
export function rotate<T>(items: T[]): void {
  const last = items[items.length - 1];
  for (let k = items.length - 1; k > 0; k--) items[k] = items[k - 1];
  items[0] = last;
}

/** x = x + a·y, each operation rounded to x's own type. */
export function addScaledRounded(x: Latent, a: number, y: Latent): void {
  if (x instanceof Float32Array) {
    const factor = Math.fround(a);
    for (let i = 0; i < x.length; i++) x[i] = Math.fround(x[i]) + Math.fround(factor * y[i]);
  } else {
    for (let i = 0; i < x.length; i++) x[i] += a * y[i];
  }
}

/** Limits every value to [-limit, limit] in place. */
export function clamp(x: Latent, limit: number): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i];
    if (value > limit) x[i] = limit;
    else if (value < -limit) x[i] = -limit;
  }
}

/** A zeroed array of the same type and length. */
export function zerosLike(x: Latent): Latent {
  return x instanceof Float32Array ? new Float32Array(x.length) : new Float64Array(x.length);
}
