import type { CanvasModel, ImageLayer, LayerId, MaskLayer, Rect } from '../../shared/document/schema.ts';
import { largestMaskArea, paintedBounds, toLayer } from '../../shared/document/mask-area.ts';
import { countedMasks, visiblePictures } from '../../shared/document/mode.ts';
import { boxesOverlap, boxOf } from '../../shared/geometry/box.ts';
import { applyTo, boundsOf, compose as chain, type Matrix } from '../../shared/geometry/matrix.ts';
import { rasteriseMask } from '../../shared/raster/mask.ts';
import { layOver } from './blend.ts';
import { type GrayPlane, halve, halvings, type RgbaPicture, sampleGray, sampleRgba } from './raster.ts';

/** What the canvas shows inside the frame, at the size of the picture to make. */
export interface Composition {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue per pixel; black where nothing is. */
  readonly rgb: Uint8Array;
  /** 255 where pictures cover the frame wholly, 0 where nothing is. */
  readonly coverage: Uint8Array;
  /** 255 where a mask asks for change; null when no mask counts. */
  readonly mask: Uint8Array | null;
}

export interface ComposeRequest {
  readonly frame: Rect;
  readonly width: number;
  readonly height: number;
  /** Mask layers that count; empty means every visible one. */
  readonly maskLayerIds: readonly LayerId[];
}

/** Decoded pixels by content hash. A missing hash throws. */
export interface ComposeSources {
  readonly pictures: ReadonlyMap<string, RgbaPicture>;
  /** 256 × 256 bytes a tile. */
  readonly tiles: ReadonlyMap<string, Uint8Array>;
}

/** Content hashes that `composeFrame` will look up, without doubles. */
export function listNeededAssets(
  canvas: CanvasModel,
  request: Pick<ComposeRequest, 'frame' | 'maskLayerIds'>,
): { readonly pictures: readonly string[]; readonly tiles: readonly string[] } {
  const pictures = picturesInside(canvas, request.frame).map((layer) => layer.asset);
  const tiles = countedMasks(canvas, request.maskLayerIds).flatMap((mask) => [...mask.tiles.values()]);
  return { pictures: [...new Set(pictures)], tiles: [...new Set(tiles)] };
}

/** Composes the frame: layers bottom to top, each turned, scaled, blended; then the union of the masks. Pure. */
export function composeFrame(
  canvas: CanvasModel,
  request: ComposeRequest,
  sources: ComposeSources,
): Composition {
  const { width, height, frame } = request;
  const pixels = new Float64Array(width * height * 4);
  for (const layer of picturesInside(canvas, frame)) drawPicture(pixels, layer, { request, sources });
  const rgb = new Uint8Array(width * height * 3);
  const coverage = new Uint8Array(width * height);
  for (let i = 0; i < coverage.length; i += 1) {
    const alpha = pixels[i * 4 + 3] ?? 0;
    coverage[i] = toByte(alpha);
    if (alpha === 0) continue;
    for (let channel = 0; channel < 3; channel += 1) {
      rgb[i * 3 + channel] = toByte((pixels[i * 4 + channel] ?? 0) / alpha);
    }
  }
  return { width, height, rgb, coverage, mask: composeMask(canvas, request, sources) };
}

function picturesInside(canvas: CanvasModel, frame: Rect): readonly ImageLayer[] {
  return visiblePictures(canvas).filter((layer) =>
    boxesOverlap(boundsOf(layer.transform, layer.width, layer.height), boxOf(frame)),
  );
}

/** Pixel coordinates of the picture to make → the layer's own, and source pixels a step. */
function lookThrough(
  back: Matrix,
  { frame, width, height }: ComposeRequest,
): { readonly map: Matrix; readonly footprint: number } {
  const scaleX = frame[2] / width;
  const scaleY = frame[3] / height;
  const map = chain(back, { a: scaleX, b: 0, c: 0, d: scaleY, e: frame[0], f: frame[1] });
  return { map, footprint: Math.sqrt(Math.abs(map.a * map.d - map.b * map.c)) };
}

function drawPicture(
  pixels: Float64Array,
  layer: ImageLayer,
  { request, sources }: { readonly request: ComposeRequest; readonly sources: ComposeSources },
): void {
  const back = toLayer(layer);
  const full = sources.pictures.get(layer.asset);
  if (full === undefined) throw new Error(`the pixels of ${layer.asset} were not loaded`);
  if (back === undefined) return;
  const { map, footprint } = lookThrough(back, request);
  let picture = full;
  // The layer's size in the document is what its transform speaks of; the file's own may differ.
  for (let i = halvings((footprint * full.width) / layer.width); i > 0; i -= 1) picture = halve(picture);
  const toTexelX = picture.width / layer.width;
  const toTexelY = picture.height / layer.height;
  const sample = new Float64Array(4);
  const { mode, opacity } = { mode: layer.blend, opacity: layer.opacity };
  for (let y = 0; y < request.height; y += 1) {
    for (let x = 0; x < request.width; x += 1) {
      const point = applyTo(map, { x: x + 0.5, y: y + 0.5 });
      if (point.x < 0 || point.y < 0 || point.x > layer.width || point.y > layer.height) continue;
      sampleRgba(picture, { x: point.x * toTexelX, y: point.y * toTexelY }, sample);
      layOver(pixels, (y * request.width + x) * 4, { sample, mode, opacity });
    }
  }
}

function composeMask(
  canvas: CanvasModel,
  request: ComposeRequest,
  sources: ComposeSources,
): Uint8Array | null {
  const masks = countedMasks(canvas, request.maskLayerIds);
  if (masks.length === 0) return null;
  const union = new Uint8Array(request.width * request.height);
  for (const mask of masks) drawMask(union, mask, { request, sources });
  return union;
}

function drawMask(
  union: Uint8Array,
  mask: MaskLayer,
  { request, sources }: { readonly request: ComposeRequest; readonly sources: ComposeSources },
): void {
  const back = toLayer(mask);
  if (back === undefined) return;
  const bounds = paintedBounds(mask, request.frame);
  if (bounds !== null && bounds.width * bounds.height > largestMaskArea) {
    throw new RangeError('a mask layer is scaled down too far to be read');
  }
  let plane: GrayPlane = { width: 0, height: 0, data: new Uint8Array(0) };
  if (bounds !== null) {
    const tiles = new Map<string, Uint8Array>();
    for (const [key, hash] of mask.tiles) {
      const tile = sources.tiles.get(hash);
      if (tile === undefined) throw new Error(`the mask tile ${hash} was not loaded`);
      tiles.set(key, tile);
    }
    plane = { width: bounds.width, height: bounds.height, data: rasteriseMask(tiles, mask.strokes, bounds) };
  }
  const { map } = lookThrough(back, request);
  const left = bounds?.left ?? 0;
  const top = bounds?.top ?? 0;
  for (let y = 0; y < request.height; y += 1) {
    for (let x = 0; x < request.width; x += 1) {
      const point = applyTo(map, { x: x + 0.5, y: y + 0.5 });
      const painted = Math.round(sampleGray(plane, { x: point.x - left, y: point.y - top }));
      const value = mask.inverted ? 255 - painted : painted;
      const at = y * request.width + x;
      if (value > (union[at] ?? 0)) union[at] = value;
    }
  }
}

function toByte(value: number): number {
  return Math.round(Math.min(Math.max(value, 0), 1) * 255);
}
