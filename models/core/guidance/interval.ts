import type { GuidancePoint } from '../types.ts';

/** The part of a run in which guidance acts, as shares of the evaluations: [0, 1] is all of it. */
export interface GuidanceInterval {
  readonly start: number;
  readonly end: number;
}

/** @throws RangeError when start and end do not satisfy 0 <= start <= end <= 1. */
export function checkInterval(interval: GuidanceInterval): GuidanceInterval {
  const { start, end } = interval;
  if (!(start >= 0 && start <= end && end <= 1)) {
    throw new RangeError(`guidance interval ${start} … ${end} does not lie within 0 … 1`);
  }
  return interval;
}

/**
 * Guidance in a limited interval (Kynkäänniemi et al. 2024): true while evaluation i of n lies wholly in it,
 * i/n >= start and (i+1)/n <= end.
 */
export function insideInterval(interval: GuidanceInterval, at: GuidancePoint): boolean {
  return at.index / at.count >= interval.start && (at.index + 1) / at.count <= interval.end;
}
