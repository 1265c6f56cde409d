import type { Transform } from '../document/schema.ts';
import { type Box, boxAround } from './box.ts';
import type { Point } from './point.ts';

/** An affine map: x′ = a·x + c·y + e, y′ = b·x + d·y + f (the order of DOMMatrix and CanvasRenderingContext2D). */
export interface Matrix {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export const identityMatrix: Matrix = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

/** Layer pixels → canvas pixels: scale, then turn about the layer's top-left corner, then move there. */
export function matrixOf(transform: Transform): Matrix {
  const [x, y, scaleX, scaleY, degrees] = transform;
  const cos = cosOf(degrees);
  const sin = sinOf(degrees);
  return { a: cos * scaleX, b: sin * scaleX, c: -sin * scaleY, d: cos * scaleY, e: x, f: y };
}

/** The transform whose matrix this is, for matrices without shear; what shear there is gets lost. */
export function transformOf(matrix: Matrix): Transform {
  const turn = Math.atan2(matrix.b, matrix.a);
  const scaleX = Math.hypot(matrix.a, matrix.b);
  const determinant = matrix.a * matrix.d - matrix.b * matrix.c;
  return [matrix.e, matrix.f, scaleX, scaleX === 0 ? 0 : determinant / scaleX, (turn * 180) / Math.PI];
}

/** The map that does `inner` first, then `outer`. */
export function compose(outer: Matrix, inner: Matrix): Matrix {
  return {
    a: outer.a * inner.a + outer.c * inner.b,
    b: outer.b * inner.a + outer.d * inner.b,
    c: outer.a * inner.c + outer.c * inner.d,
    d: outer.b * inner.c + outer.d * inner.d,
    e: outer.a * inner.e + outer.c * inner.f + outer.e,
    f: outer.b * inner.e + outer.d * inner.f + outer.f,
  };
}

/** The map back; undefined for a map that flattens the plane. */
export function invert(matrix: Matrix): Matrix | undefined {
  const { a, b, c, d, e, f } = matrix;
  const determinant = a * d - b * c;
  if (determinant === 0 || !Number.isFinite(1 / determinant)) return undefined;
  return {
    a: d / determinant,
    b: -b / determinant,
    c: -c / determinant,
    d: a / determinant,
    e: (c * f - d * e) / determinant,
    f: (b * e - a * f) / determinant,
  };
}

export function applyTo(matrix: Matrix, point: Point): Point {
  return {
    x: matrix.a * point.x + matrix.c * point.y + matrix.e,
    y: matrix.b * point.x + matrix.d * point.y + matrix.f,
  };
}

/** Corners of a `width` × `height` layer on the canvas: top left, top right, bottom right, bottom left of its own pixels. */
export function cornersOf(transform: Transform, width: number, height: number): readonly Point[] {
  const matrix = matrixOf(transform);
  return [
    { x: 0, y: 0 },
    { x: width, y: 0 },
    { x: width, y: height },
    { x: 0, y: height },
  ].map((corner) => applyTo(matrix, corner));
}

/** The upright box around a layer on the canvas. */
export function boundsOf(transform: Transform, width: number, height: number): Box {
  return (
    boxAround(cornersOf(transform, width, height)) ?? {
      x: transform[0],
      y: transform[1],
      width: 0,
      height: 0,
    }
  );
}

/** Whether a canvas point lies on a turned, scaled, `width` × `height` layer. */
export function hitsLayer(transform: Transform, width: number, height: number, point: Point): boolean {
  const back = invert(matrixOf(transform));
  if (back === undefined) return false;
  const local = applyTo(back, point);
  return local.x >= 0 && local.x <= width && local.y >= 0 && local.y <= height;
}

// Quarter turns are exact: a layer turned four times must be where it was, not 1e-14 beside it.
function cosOf(degrees: number): number {
  const turn = ((degrees % 360) + 360) % 360;
  if (turn === 90 || turn === 270) return 0;
  if (turn === 180) return -1;
  return Math.cos((turn * Math.PI) / 180);
}

function sinOf(degrees: number): number {
  return cosOf(degrees - 90);
}
