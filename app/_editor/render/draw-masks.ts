import {
  type ControlLayer,
  identityTransform,
  isPaintLayer,
  type LayerId,
  tileSize,
  type Transform,
} from '../../../shared/document/schema.ts';
import { type Box, boxAround, boxesOverlap } from '../../../shared/geometry/box.ts';
import { applyTo, compose, invert, type Matrix, matrixOf } from '../../../shared/geometry/matrix.ts';
import type { Point } from '../../../shared/geometry/point.ts';
import type { StrokePainter } from '../../../shared/raster/stroke-painter.ts';
import { parseTileKey } from '../../../shared/raster/mask.ts';
import { visibleBox } from '../core/camera.ts';
import { transformNow } from '../core/layer-geometry.ts';
import { maskColor, paintColor } from '../core/mask-color.ts';
import { onScreen } from './draw-frame.ts';
import type { MaskTileCache } from './mask-tiles.ts';
import type { PictureStore } from './pictures.ts';
import type { SceneState } from './scene-state.ts';

/** How much of the tint covers the picture under it. Lines must be seen on anything; a region must not hide what it is on. */
const coverOf = { mask: 0.5, region: 0.55, lines: 0.9, mapPicture: 0.6 } as const;

/** A stroke in the making, own or another's. */
export interface LiveStroke {
  readonly layerId: LayerId;
  readonly painter: StrokePainter;
}

/** A sheet as large as the stage, on which one mask is put together before it is laid over the pictures. */
export interface MaskSheet {
  readonly context: CanvasRenderingContext2D;
  readonly pixelRatio: number;
}

/** Draws every mask in sight as a hatched tint, and every control layer as its map: lines and regions without a hatch. */
export function drawMasks(
  context: CanvasRenderingContext2D,
  state: SceneState,
  options: {
    readonly cache: MaskTileCache;
    readonly sheet: MaskSheet;
    readonly pictures: PictureStore;
    readonly ink: readonly LiveStroke[];
  },
): void {
  const { cache, ink } = options;
  const masks = state.model.layers.filter(isPaintLayer);
  cache.keepOnly(new Set(masks.map((mask) => mask.id)));
  for (const mask of masks) {
    cache.update(mask);
    if (mask.hidden || mask.opacity === 0) continue;
    const painters = ink.filter((stroke) => stroke.layerId === mask.id).map((stroke) => stroke.painter);
    if (mask.kind === 'control') drawMapPicture(context, state, mask, options.pictures);
    drawMask(context, state, {
      ...options,
      id: mask.id,
      transform: transformNow(mask, state.dragged),
      color: paintColor(mask),
      opacity: mask.opacity * (mask.kind === 'mask' ? coverOf.mask : coverOfMap(mask)),
      inverted: mask.kind === 'mask' && mask.inverted,
      isHatched: mask.kind === 'mask',
      painters,
    });
  }
  // The first stroke of a mask that does not exist yet.
  for (const id of new Set(ink.map((stroke) => stroke.layerId))) {
    if (masks.some((mask) => mask.id === id)) continue;
    const painters = ink.filter((stroke) => stroke.layerId === id).map((stroke) => stroke.painter);
    drawMask(context, state, {
      ...options,
      id,
      transform: identityTransform,
      color: maskColor(id),
      opacity: coverOf.mask,
      inverted: false,
      isHatched: true,
      painters,
    });
  }
}

function coverOfMap(layer: ControlLayer): number {
  return layer.map === 'segmentation' ? coverOf.region : coverOf.lines;
}

/** The stored picture of a map, see-through, so that what it is followed for can be seen under it. */
function drawMapPicture(
  target: CanvasRenderingContext2D,
  state: SceneState,
  layer: ControlLayer,
  pictures: PictureStore,
): void {
  if (layer.picture === null) return;
  const stored = pictures.get(layer.picture.asset);
  if (stored.state !== 'ready') return;
  const { zoom, x, y } = state.camera;
  const { a, b, c, d, e, f } = matrixOf(transformNow(layer, state.dragged));
  target.save();
  target.scale(zoom, zoom);
  target.translate(-x, -y);
  target.transform(a, b, c, d, e, f);
  target.globalAlpha = coverOf.mapPicture * layer.opacity;
  target.imageSmoothingEnabled = zoom * Math.hypot(a, b) < 4;
  target.drawImage(stored.image, 0, 0, layer.picture.width, layer.picture.height);
  target.restore();
}

function drawMask(
  target: CanvasRenderingContext2D,
  state: SceneState,
  mask: {
    readonly cache: MaskTileCache;
    readonly sheet: MaskSheet;
    readonly id: LayerId;
    readonly transform: Transform;
    readonly color: string;
    /** Of the whole, the tint's own included. */
    readonly opacity: number;
    readonly inverted: boolean;
    readonly isHatched: boolean;
    readonly painters: readonly StrokePainter[];
  },
): void {
  const { cache, sheet, id, painters, color } = mask;
  const { camera, viewport } = state;
  const matrix = matrixOf(mask.transform);
  const back = invert(matrix);
  if (back === undefined) return;
  const seen = visibleBox(camera, viewport);
  const corners = [
    { x: seen.x, y: seen.y },
    { x: seen.x + seen.width, y: seen.y },
    { x: seen.x + seen.width, y: seen.y + seen.height },
    { x: seen.x, y: seen.y + seen.height },
  ].map((corner) => applyTo(back, corner));
  const local = boxAround(corners);
  if (local === undefined) return;
  const keys = [...cache.keys(id, painters)].filter((key) => {
    const [column, row] = parseTileKey(key);
    return boxesOverlap(local, {
      x: column * tileSize,
      y: row * tileSize,
      width: tileSize,
      height: tileSize,
    });
  });
  if (keys.length === 0 && !mask.inverted) return;

  const { context, pixelRatio } = sheet;
  const zoom = camera.zoom * pixelRatio;
  const view = { a: zoom, b: 0, c: 0, d: zoom, e: -camera.x * zoom, f: -camera.y * zoom };
  const toSheet = compose(view, matrix);
  // Only the part of the sheet that has paint is worked on: a small mask on a large screen must cost little.
  const part = mask.inverted ? wholeOf(context.canvas) : partUnder(keys, toSheet, context.canvas);
  if (part === null) return;

  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = 'source-over';
  context.clearRect(part.x, part.y, part.width, part.height);
  context.setTransform(toSheet.a, toSheet.b, toSheet.c, toSheet.d, toSheet.e, toSheet.f);
  context.imageSmoothingEnabled = zoom * Math.hypot(matrix.a, matrix.b) < 4;
  if (mask.inverted) {
    context.fillStyle = color;
    context.fillRect(local.x, local.y, local.width, local.height);
  }
  for (const key of keys) {
    const [column, row] = parseTileKey(key);
    const tile = cache.tile(id, key, { ink: painters, color, inverted: mask.inverted });
    if (tile === null) continue;
    if (mask.inverted) context.clearRect(column * tileSize, row * tileSize, tileSize, tileSize);
    context.drawImage(tile, column * tileSize, row * tileSize);
  }
  if (mask.isHatched) hatch(sheet, part, { x: camera.x * zoom, y: camera.y * zoom });

  const { x, y, width, height } = part;
  target.save();
  if (mask.inverted) {
    // It has no end; what counts of it is what the frame sees, and a tint over all the canvas says nothing.
    const frame = onScreen(state, state.frame);
    target.beginPath();
    target.rect(frame.x, frame.y, frame.width, frame.height);
    target.clip();
  }
  target.globalAlpha = mask.opacity;
  target.drawImage(
    context.canvas,
    x,
    y,
    width,
    height,
    x / pixelRatio,
    y / pixelRatio,
    width / pixelRatio,
    height / pixelRatio,
  );
  target.restore();
}

function wholeOf(canvas: HTMLCanvasElement): Box {
  return { x: 0, y: 0, width: canvas.width, height: canvas.height };
}

/** The whole device pixels that the tiles cover, inside the sheet; null when they are out of sight. */
function partUnder(keys: readonly string[], toSheet: Matrix, canvas: HTMLCanvasElement): Box | null {
  const around = boxAround(
    keys.flatMap((key) => {
      const [column, row] = parseTileKey(key);
      return [
        { x: column * tileSize, y: row * tileSize },
        { x: (column + 1) * tileSize, y: row * tileSize },
        { x: (column + 1) * tileSize, y: (row + 1) * tileSize },
        { x: column * tileSize, y: (row + 1) * tileSize },
      ].map((corner) => applyTo(toSheet, corner));
    }),
  );
  if (around === undefined) return null;
  const left = Math.max(0, Math.floor(around.x));
  const top = Math.max(0, Math.floor(around.y));
  const right = Math.min(canvas.width, Math.ceil(around.x + around.width));
  const bottom = Math.min(canvas.height, Math.ceil(around.y + around.height));
  return right <= left || bottom <= top
    ? null
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Side of the hatch's square, device pixels a CSS pixel. */
const hatchSide = 8;
const hatches = new Map<number, HTMLCanvasElement>();

/** Diagonal light lines wherever the sheet has paint: a mask is told from a red picture by them. */
function hatch({ context, pixelRatio }: MaskSheet, part: Box, offset: Point): void {
  const pattern = context.createPattern(hatchTile(pixelRatio), 'repeat');
  if (pattern === null) return;
  const side = Math.round(hatchSide * pixelRatio);
  // The lines stay with the canvas while it is dragged, and keep their width at every zoom.
  pattern.setTransform(new DOMMatrix().translate(-(offset.x % side), -(offset.y % side)));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = 'source-atop';
  context.fillStyle = pattern;
  context.fillRect(part.x, part.y, part.width, part.height);
}

function hatchTile(pixelRatio: number): HTMLCanvasElement {
  const known = hatches.get(pixelRatio);
  if (known !== undefined) return known;
  const side = Math.round(hatchSide * pixelRatio);
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.lineWidth = 1.5 * pixelRatio;
    // A light line beside a dark one is seen on a picture of any colour, the tint's own included.
    for (const [color, aside] of [
      ['rgb(255 255 255 / 0.7)', 0],
      ['rgb(0 0 0 / 0.45)', side / 2],
    ] as const) {
      context.strokeStyle = color;
      context.beginPath();
      for (const shift of [-side, 0, side]) {
        context.moveTo(shift + aside - 1, side + 1);
        context.lineTo(shift + aside + side + 1, -1);
      }
      context.stroke();
    }
  }
  hatches.set(pixelRatio, canvas);
  return canvas;
}
