import { frameStep } from '../../../shared/document/schema.ts';
import { type Box, boxContains, growBox } from '../../../shared/geometry/box.ts';
import { clamp, distance, type Point } from '../../../shared/geometry/point.ts';
import { type Guide, roundTo, snapBox, snapValue } from '../../../shared/geometry/snapping.ts';
import { handlePoint, handles, type Handle } from './layer-geometry.ts';

/** Shortest and longest side of the frame in canvas pixels: what a request for a picture may ask for. */
const shortestFrameSide = 64;
const longestFrameSide = 1_024;

/** Height of the size label above the frame, screen pixels. */
const frameLabelHeight = 22;

/** Whether a point takes hold of the frame from outside the frame tool: on its border or on its label. */
export function frameEdgeAt(frame: Box, point: Point, zoom: number): boolean {
  const reach = 5 / zoom;
  const onLabel =
    point.x >= frame.x &&
    point.x <= frame.x + Math.min(frame.width, 120 / zoom) &&
    point.y <= frame.y &&
    point.y >= frame.y - frameLabelHeight / zoom;
  return (
    onLabel || (boxContains(growBox(frame, reach), point) && !boxContains(growBox(frame, -reach), point))
  );
}

/** The handle of the frame under a point. */
export function frameHandleAt(frame: Box, point: Point, reach: number): Handle | undefined {
  const oriented = { matrix: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, box: frame };
  return handles.find((handle) => distance(handlePoint(oriented, handle), point) <= reach);
}

/** Where a frame goes when it is moved: edges and centre meet those of layers within `reach`, else whole 8-px steps. */
export function placeFrame(
  frame: Box,
  others: readonly Box[],
  reach: number,
): { readonly frame: Box; readonly guides: readonly Guide[] } {
  const snap = snapBox(frame, others, reach);
  const snapsX = snap.guides.some((guide) => guide.axis === 'x');
  const snapsY = snap.guides.some((guide) => guide.axis === 'y');
  return {
    frame: {
      ...frame,
      x: snapsX ? frame.x + snap.dx : roundTo(frame.x, 8),
      y: snapsY ? frame.y + snap.dy : roundTo(frame.y, 8),
    },
    guides: snap.guides,
  };
}

/**
 * The frame with one handle pulled to `to`: sides are multiples of 64 px between 64 and 1,024, the opposite side stays.
 * With `keepRatio` the longer pull decides both sides of a corner, and the ratio is kept as well as the steps allow.
 */
export function resizeFrame(
  frame: Box,
  handle: Handle,
  to: Point,
  options: { readonly keepRatio: boolean; readonly fromCentre: boolean },
): Box {
  const ratio = frame.width / frame.height;
  let width =
    handle.u === 0.5 ? frame.width : pulled(frame.x, frame.width, handle.u, to.x, options.fromCentre);
  let height =
    handle.v === 0.5 ? frame.height : pulled(frame.y, frame.height, handle.v, to.y, options.fromCentre);
  if (options.keepRatio) {
    if (handle.v === 0.5 || (handle.u !== 0.5 && width >= height * ratio)) height = width / ratio;
    else width = height * ratio;
  }
  width = frameSide(width);
  height = frameSide(height);
  const anchorU = options.fromCentre || handle.u === 0.5 ? 0.5 : 1 - handle.u;
  const anchorV = options.fromCentre || handle.v === 0.5 ? 0.5 : 1 - handle.v;
  return {
    x: Math.round(frame.x + anchorU * (frame.width - width)),
    y: Math.round(frame.y + anchorV * (frame.height - height)),
    width,
    height,
  };
}

/** A frame drawn from one corner to another. */
export function drawFrame(from: Point, to: Point, others: readonly Box[], reach: number): Box {
  const lines = (axis: 'x' | 'y') =>
    others.flatMap((box) => (axis === 'x' ? [box.x, box.x + box.width] : [box.y, box.y + box.height]));
  const x = snapValue(Math.round(from.x), lines('x'), reach);
  const y = snapValue(Math.round(from.y), lines('y'), reach);
  const width = frameSide(Math.abs(to.x - x));
  const height = frameSide(Math.abs(to.y - y));
  return { x: to.x < x ? x - width : x, y: to.y < y ? y - height : y, width, height };
}

/** The allowed side nearest to `length`. */
export function frameSide(length: number): number {
  return clamp(roundTo(length, frameStep), shortestFrameSide, longestFrameSide);
}

function pulled(start: number, length: number, at: number, to: number, fromCentre: boolean): number {
  if (fromCentre) return 2 * Math.abs(to - (start + length / 2));
  return at === 1 ? Math.max(0, to - start) : Math.max(0, start + length - to);
}
