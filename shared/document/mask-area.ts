import { applyTo, invert, matrixOf } from '../geometry/matrix.ts';
import { boxAround } from '../geometry/box.ts';
import type { Matrix } from '../geometry/matrix.ts';
import { parseTileKey, type PixelBounds } from '../raster/mask.ts';
import { strokeBounds } from '../raster/stroke-painter.ts';
import { unpackStroke } from '../raster/stroke-points.ts';
import { type PaintLayer, type Rect, tileSize } from './schema.ts';

/** Most mask pixels that are rasterised for one frame; beyond it a mask is scaled down absurdly far. */
export const largestMaskArea = 16_777_216;

/** Canvas pixels → the layer's own pixels; undefined for a layer squeezed to nothing. */
export function toLayer(layer: { readonly transform: PaintLayer['transform'] }): Matrix | undefined {
  return invert(matrixOf(layer.transform));
}

/**
 * The part of a layer's paint, in its own whole pixels, that can be seen through `frame` and holds tiles or strokes. Null
 * when there is none, or when the layer is squeezed to nothing. Outside of it there is no paint.
 */
export function paintedBounds(layer: PaintLayer, frame: Rect): PixelBounds | null {
  const back = toLayer(layer);
  if (back === undefined) return null;
  const [x, y, width, height] = frame;
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ].map((corner) => applyTo(back, corner));
  const seen = boxAround(corners);
  const painted = paintExtent(layer);
  if (seen === undefined || painted === null) return null;
  // One pixel more on each side, for bilinear sampling.
  const left = Math.max(Math.floor(seen.x) - 1, painted[0]);
  const top = Math.max(Math.floor(seen.y) - 1, painted[1]);
  const right = Math.min(Math.ceil(seen.x + seen.width) + 1, painted[2]);
  const bottom = Math.min(Math.ceil(seen.y + seen.height) + 1, painted[3]);
  if (right <= left || bottom <= top) return null;
  return { left, top, width: right - left, height: bottom - top };
}

function paintExtent(layer: PaintLayer): readonly [number, number, number, number] | null {
  const boxes: (readonly [number, number, number, number])[] = [];
  for (const key of layer.tiles.keys()) {
    const [column, row] = parseTileKey(key);
    boxes.push([column * tileSize, row * tileSize, (column + 1) * tileSize, (row + 1) * tileSize]);
  }
  for (const stroke of layer.strokes) {
    const box = strokeBounds(unpackStroke(stroke.points), stroke.size);
    if (box !== null) boxes.push(box);
  }
  return boxes.reduce<readonly [number, number, number, number] | null>(
    (all, box) =>
      all === null
        ? box
        : [
            Math.min(all[0], box[0]),
            Math.min(all[1], box[1]),
            Math.max(all[2], box[2]),
            Math.max(all[3], box[3]),
          ],
    null,
  );
}
