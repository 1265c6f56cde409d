import type { Verdict } from './level.ts';
import { type Stored, integers, numbers, sha256 } from './stored.ts';

type Floats = Float32Array | Float64Array;

/** What distance a value may have. */
export type Tolerance = (expected: number) => number;

export function absolute(limit: number): Tolerance {
  return () => limit;
}

export function relative(limit: number, floor = 0): Tolerance {
  return (expected) => Math.abs(expected) * limit + floor;
}

/** First value outside its tolerance, with the largest error seen, or null. NaN equals NaN. */
export function within(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
): Verdict {
  if (actual.length !== expected.length) {
    return `${what} has ${actual.length} values, expected ${expected.length}`;
  }
  let first = -1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i]) && Number.isNaN(expected[i])) continue;
    const error = actual[i] === expected[i] ? 0 : Math.abs(actual[i] - expected[i]);
    if (!(error <= tolerance(expected[i])) && first < 0) first = i;
    if (!(error <= worst)) worst = error;
  }
  if (first < 0) return null;
  const allowed = tolerance(expected[first]).toPrecision(3);
  return `${what}[${first}] is ${actual[first]}, expected ${expected[first]} within ${allowed}; largest error ${worst.toPrecision(3)}`;
}

/** Equal bits, by value where the suite gives values and by hash otherwise. */
export function sameBits(what: string, actual: Floats, stored: Stored, dir: string): Verdict {
  if (!stored.values && !stored.file) return sameHash(what, actual, stored.sha256);
  return within(what, actual, numbers(stored, dir), absolute(0));
}

export function sameHash(what: string, actual: ArrayBufferView, expected: string | undefined): Verdict {
  if (!expected) return `${what} has no hash to compare with`;
  const found = sha256(actual);
  return found === expected
    ? null
    : `${what} has sha256 ${found.slice(0, 12)}…, expected ${expected.slice(0, 12)}…`;
}

export function sameIntegers(what: string, actual: BigInt64Array, stored: Stored, dir: string): Verdict {
  const expected = integers(stored, dir);
  if (actual.length !== expected.length) {
    return `${what} has ${actual.length} values, expected ${expected.length}`;
  }
  const at = expected.findIndex((value, i) => value !== actual[i]);
  return at < 0 ? null : `${what}[${at}] is ${actual[at]}, expected ${expected[at]}`;
}

/** Distance in units in the last place of float32 or float64 at the expected value. */
export function ulps(count: number, dtype: 'f32' | 'f64'): Tolerance {
  const [bits, least] = dtype === 'f32' ? [23, 2 ** -149] : [52, 2 ** -1074];
  return (expected) => {
    const exponent = Math.floor(Math.log2(Math.abs(expected)));
    return count * Math.max(least, expected === 0 ? least : 2 ** (exponent - bits));
  };
}

/** The first of several verdicts that is not null. */
export function firstOf(...verdicts: readonly Verdict[]): Verdict {
  return verdicts.find((verdict) => verdict !== null) ?? null;
}
