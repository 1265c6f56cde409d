/** One sample of a brush path: layer pixels and pressure 0 … 1. */
export interface StrokePoint {
  readonly x: number;
  readonly y: number;
  readonly pressure: number;
}

/** Stored steps a pixel. An eighth of a pixel is below what a 1-px antialiased edge can show. */
const stepsPerPixel = 8;

/** Stroke coordinates are clamped to ± this many layer pixels, so that a stroke can never name endless tiles. */
export const farthestStrokePixel = 32_768;
const farthestStep = farthestStrokePixel * stepsPerPixel;

/**
 * Points → bytes: per point the zigzag varints of Δx and Δy in 1/8 px (the first from 0, 0), then one byte of pressure.
 * A freehand stroke takes about three bytes a point. NaN coordinates count as 0.
 */
export function packStroke(points: readonly StrokePoint[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(points.length * 11);
  let length = 0;
  let lastX = 0;
  let lastY = 0;
  for (const point of points) {
    const x = toStep(point.x);
    const y = toStep(point.y);
    length = writeVarint(bytes, length, zigzag(x - lastX));
    length = writeVarint(bytes, length, zigzag(y - lastY));
    bytes[length] = toPressureByte(point.pressure);
    length += 1;
    lastX = x;
    lastY = y;
  }
  return bytes.slice(0, length);
}

/**
 * Bytes → points, quantised as `packStroke` left them. Total: a cut-off or over-long varint ends the stroke there, and
 * coordinates are clamped to ± `farthestStrokePixel`, because anybody who may edit may write any bytes.
 */
export function unpackStroke(bytes: Uint8Array): readonly StrokePoint[] {
  const points: StrokePoint[] = [];
  const cursor = { at: 0 };
  let x = 0;
  let y = 0;
  while (cursor.at < bytes.length) {
    const dx = readVarint(bytes, cursor);
    const dy = readVarint(bytes, cursor);
    const pressure = bytes[cursor.at];
    if (dx === undefined || dy === undefined || pressure === undefined) break;
    cursor.at += 1;
    x = clampStep(x + unzigzag(dx));
    y = clampStep(y + unzigzag(dy));
    points.push({ x: x / stepsPerPixel, y: y / stepsPerPixel, pressure: pressure / 255 });
  }
  return points;
}

/** The points as every reader of the packed stroke will see them. Live ink uses it so that nothing moves at pointer-up. */
export function quantisePoint(point: StrokePoint): StrokePoint {
  return {
    x: toStep(point.x) / stepsPerPixel,
    y: toStep(point.y) / stepsPerPixel,
    pressure: toPressureByte(point.pressure) / 255,
  };
}

function toStep(pixels: number): number {
  return Number.isNaN(pixels) ? 0 : clampStep(Math.round(pixels * stepsPerPixel));
}

function clampStep(step: number): number {
  return Math.max(-farthestStep, Math.min(farthestStep, step));
}

function toPressureByte(pressure: number): number {
  return Number.isNaN(pressure) ? 0 : Math.round(Math.max(0, Math.min(1, pressure)) * 255);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let length = at;
  while (rest > 0x7f) {
    bytes[length] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    length += 1;
  }
  bytes[length] = rest;
  return length + 1;
}

/** A varint of at most four bytes (28 bits: twice the farthest step fits), or undefined. */
function readVarint(bytes: Uint8Array, cursor: { at: number }): number | undefined {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[cursor.at];
    if (byte === undefined) return undefined;
    cursor.at += 1;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}
