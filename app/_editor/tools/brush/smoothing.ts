import { distance } from '../../../../shared/geometry/point.ts';
import type { StrokePoint } from '../../../../shared/raster/stroke-points.ts';

/** Longest straight piece of a smoothed path, in layer pixels, and the shortest movement that counts. */
const pieceLength = 4;
const leastMove = 0.25;

/**
 * Rounds the corners between pointer samples: the path runs through the middles of the pieces between samples, with each
 * sample as the control point of a quadratic curve. So a fast stroke, sampled every 20 px, is not a polygon.
 */
interface Smoother {
  /** The new part of the path. It ends half a sample behind the pointer until `finish`. */
  add(sample: StrokePoint): readonly StrokePoint[];
  /** The rest of the path, to where the pointer is. */
  finish(): readonly StrokePoint[];
}

export function createSmoother(): Smoother {
  let last: StrokePoint | undefined;
  let middle: StrokePoint | undefined;
  return {
    add(sample) {
      if (last === undefined) {
        last = sample;
        middle = sample;
        return [sample];
      }
      if (distance(last, sample) < leastMove) return [];
      const from = middle ?? last;
      const to = between(last, sample, 0.5);
      const control = last;
      last = sample;
      middle = to;
      return curve(from, control, to);
    },
    finish() {
      if (last === undefined || middle === undefined || distance(last, middle) < leastMove) return [];
      return [last];
    },
  };
}

function curve(from: StrokePoint, control: StrokePoint, to: StrokePoint): readonly StrokePoint[] {
  const length = distance(from, control) + distance(control, to);
  const pieces = Math.max(1, Math.min(64, Math.ceil(length / pieceLength)));
  return Array.from({ length: pieces }, (_, i) => {
    const t = (i + 1) / pieces;
    return between(between(from, control, t), between(control, to, t), t);
  });
}

function between(a: StrokePoint, b: StrokePoint, t: number): StrokePoint {
  return {
    x: a.x + (b.x - a.x) * t,
    y: a.y + (b.y - a.y) * t,
    pressure: a.pressure + (b.pressure - a.pressure) * t,
  };
}
