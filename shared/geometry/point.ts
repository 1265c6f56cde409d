declare const space: unique symbol;
/** A value that belongs to one coordinate space, so that screen and canvas cannot be mixed by accident. */
type In<Space extends string, Value> = Value & { readonly [space]?: Space };

export interface Point {
  readonly x: number;
  readonly y: number;
}
/** Canvas pixels: what the document stores. */
export type CanvasPoint = In<'canvas', Point>;
/** CSS pixels from the top-left corner of the stage. */
export type ScreenPoint = In<'screen', Point>;

export function canvasPoint(x: number, y: number): CanvasPoint {
  return { x, y };
}

export function screenPoint(x: number, y: number): ScreenPoint {
  return { x, y };
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
