import {
  type Layer,
  type LayerId,
  type Stroke,
  tileSize,
  type Transform,
} from '../../../shared/document/schema.ts';
import { type Box, boxAround, boxCentre, boxesOverlap, unionOf } from '../../../shared/geometry/box.ts';
import { applyTo, compose, invert, type Matrix, matrixOf } from '../../../shared/geometry/matrix.ts';
import { distance, type Point } from '../../../shared/geometry/point.ts';
import { parseTileKey } from '../../../shared/raster/mask.ts';
import { strokeBounds } from '../../../shared/raster/stroke-painter.ts';
import { unpackStroke } from '../../../shared/raster/stroke-points.ts';

/** Layers in mid-drag and where they are. */
export type Dragged = ReadonlyMap<LayerId, Transform> | null;

/** A box that is turned: `matrix` maps its own pixels to the canvas, `box` is the part of them that counts. */
export interface OrientedBox {
  readonly matrix: Matrix;
  readonly box: Box;
}

export function transformNow(layer: Layer, dragged: Dragged): Transform {
  return dragged?.get(layer.id) ?? layer.transform;
}

/** What a layer occupies of its own pixels: a picture's size, what is painted of a mask or control layer (null for an empty one). */
export function localBox(layer: Layer): Box | null {
  const picture = layer.kind === 'image' ? layer : layer.kind === 'control' ? layer.picture : null;
  const own = picture === null ? [] : [{ x: 0, y: 0, width: picture.width, height: picture.height }];
  return layer.kind === 'image'
    ? { x: 0, y: 0, width: layer.width, height: layer.height }
    : (unionOf([
        ...own,
        ...layer.strokes.flatMap((stroke) => {
          const box = stroke.tool === 'brush' ? strokeBox(stroke) : null;
          return box === null ? [] : [box];
        }),
        ...[...layer.tiles.keys()].map((key) => {
          const [column, row] = parseTileKey(key);
          return { x: column * tileSize, y: row * tileSize, width: tileSize, height: tileSize };
        }),
      ]) ?? null);
}

const strokeBoxes = new WeakMap<Stroke, { readonly box: Box | null }>();

/** The box a stroke paints in; remembered, because strokes never change. */
export function strokeBox(stroke: Stroke): Box | null {
  const known = strokeBoxes.get(stroke);
  if (known !== undefined) return known.box;
  const bounds = strokeBounds(unpackStroke(stroke.points), stroke.size);
  const box =
    bounds === null
      ? null
      : { x: bounds[0], y: bounds[1], width: bounds[2] - bounds[0], height: bounds[3] - bounds[1] };
  strokeBoxes.set(stroke, { box });
  return box;
}

export function orientedBoxOf(layer: Layer, dragged: Dragged): OrientedBox | null {
  const box = localBox(layer);
  return box === null ? null : { matrix: matrixOf(transformNow(layer, dragged)), box };
}

/** Corners on the canvas: top left, top right, bottom right, bottom left of the box itself. */
export function cornersOfBox({ matrix, box }: OrientedBox): readonly [Point, Point, Point, Point] {
  const { x, y, width, height } = box;
  return [
    applyTo(matrix, { x, y }),
    applyTo(matrix, { x: x + width, y }),
    applyTo(matrix, { x: x + width, y: y + height }),
    applyTo(matrix, { x, y: y + height }),
  ];
}

/** The upright box of a layer on the canvas; null when it has no extent. */
export function canvasBox(layer: Layer, dragged: Dragged): Box | null {
  const oriented = orientedBoxOf(layer, dragged);
  return oriented === null ? null : (boxAround(cornersOfBox(oriented)) ?? null);
}

/** The box that handles are put on: turned with a single layer, upright around several. */
export function selectionBox(layers: readonly Layer[], dragged: Dragged): OrientedBox | null {
  const [only] = layers;
  if (layers.length === 1 && only !== undefined) return orientedBoxOf(only, dragged);
  const around = unionOf(layers.flatMap((layer) => canvasBox(layer, dragged) ?? []));
  return around === undefined ? null : { matrix: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, box: around };
}

export function boxHits({ matrix, box }: OrientedBox, point: Point): boolean {
  const back = invert(matrix);
  if (back === undefined) return false;
  const local = applyTo(back, point);
  return (
    local.x >= box.x && local.x <= box.x + box.width && local.y >= box.y && local.y <= box.y + box.height
  );
}

/** The topmost picture under a canvas point that can be taken: shown and not locked. */
export function pictureAt(layers: readonly Layer[], dragged: Dragged, point: Point): Layer | undefined {
  return layers.findLast((layer) => {
    if (layer.kind !== 'image' || layer.hidden || layer.locked) return false;
    const oriented = orientedBoxOf(layer, dragged);
    return oriented !== null && boxHits(oriented, point);
  });
}

/** The pictures that a marquee touches. */
export function picturesIn(layers: readonly Layer[], marquee: Box): readonly Layer[] {
  return layers.filter((layer) => {
    if (layer.kind !== 'image' || layer.hidden || layer.locked) return false;
    const box = canvasBox(layer, null);
    return box !== null && boxesOverlap(box, marquee);
  });
}

/** A handle of a selection: its place on the box, each 0, ½ or 1. */
export interface Handle {
  readonly u: 0 | 0.5 | 1;
  readonly v: 0 | 0.5 | 1;
}

const corners: readonly Handle[] = [
  { u: 0, v: 0 },
  { u: 1, v: 0 },
  { u: 1, v: 1 },
  { u: 0, v: 1 },
];
const edges: readonly Handle[] = [
  { u: 0.5, v: 0 },
  { u: 1, v: 0.5 },
  { u: 0.5, v: 1 },
  { u: 0, v: 0.5 },
];
export const handles: readonly Handle[] = [...corners, ...edges];

export function handlePoint({ matrix, box }: OrientedBox, handle: Handle): Point {
  return applyTo(matrix, { x: box.x + handle.u * box.width, y: box.y + handle.v * box.height });
}

/** What of a selection lies under a point: a handle to scale by, or the room outside a corner, to turn by. */
type HandleHit =
  | { readonly kind: 'resize'; readonly handle: Handle }
  | { readonly kind: 'rotate'; readonly handle: Handle };

/**
 * `reach` is how near (canvas pixels) counts as on a handle. Turning takes the ring around a corner, outside the box.
 * Edges react along their whole length; on a small box corners win.
 */
export function handleAt(oriented: OrientedBox, point: Point, reach: number): HandleHit | undefined {
  const corner = corners.find((handle) => distance(handlePoint(oriented, handle), point) <= reach);
  if (corner !== undefined) return { kind: 'resize', handle: corner };
  const edge = edges.find((handle) => {
    const [from, to] = edgeOf(oriented, handle);
    return distanceToSegment(point, from, to) <= reach * 0.7;
  });
  if (edge !== undefined) return { kind: 'resize', handle: edge };
  if (boxHits(oriented, point)) return undefined;
  const turning = corners.find((handle) => distance(handlePoint(oriented, handle), point) <= reach * 3);
  return turning === undefined ? undefined : { kind: 'rotate', handle: turning };
}

/** The direction in which a handle pulls, degrees clockwise from pointing right on the screen. */
export function handleDegrees(oriented: OrientedBox, handle: Handle): number {
  const centre = applyTo(oriented.matrix, boxCentre(oriented.box));
  if (handle.u !== 0.5 && handle.v !== 0.5) {
    // A corner of a long box still pulls diagonally.
    const turn = Math.atan2(oriented.matrix.b, oriented.matrix.a);
    const flat = Math.atan2(handle.v - 0.5, handle.u - 0.5);
    return ((turn + flat) * 180) / Math.PI;
  }
  const at = handlePoint(oriented, handle);
  return (Math.atan2(at.y - centre.y, at.x - centre.x) * 180) / Math.PI;
}

/** `layer` moved by a map of the canvas, as a matrix. */
export function movedMatrix(layer: Layer, by: Matrix): Matrix {
  return compose(by, matrixOf(layer.transform));
}

function edgeOf(oriented: OrientedBox, handle: Handle): readonly [Point, Point] {
  return handle.u === 0.5
    ? [handlePoint(oriented, { u: 0, v: handle.v }), handlePoint(oriented, { u: 1, v: handle.v })]
    : [handlePoint(oriented, { u: handle.u, v: 0 }), handlePoint(oriented, { u: handle.u, v: 1 })];
}

function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const lengthSquared = dx * dx + dy * dy;
  const t =
    lengthSquared === 0
      ? 0
      : Math.max(0, Math.min(1, ((point.x - from.x) * dx + (point.y - from.y) * dy) / lengthSquared));
  return distance(point, { x: from.x + t * dx, y: from.y + t * dy });
}
