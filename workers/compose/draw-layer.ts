import type { ImageLayer, PaintLayer } from '../../shared/document/schema.ts';
import { largestMaskArea, paintedBounds, toLayer } from '../../shared/document/mask-area.ts';
import { applyTo, compose as chain, type Matrix } from '../../shared/geometry/matrix.ts';
import { rasteriseMask } from '../../shared/raster/mask.ts';
import { layOver } from './blend.ts';
import type { ComposeRequest, ComposeSources } from './compose.ts';
import { type GrayPlane, halve, halvings, sampleGray, sampleRgba, shrinkLines } from './raster.ts';

/** What is composed, and from what. */
export interface Composing {
  readonly request: Omit<ComposeRequest, 'maskLayerIds'>;
  readonly sources: ComposeSources;
}

/** Pixel coordinates of the picture to make → the layer's own, and source pixels a step. */
function lookThrough(
  back: Matrix,
  { frame, width, height }: Composing['request'],
): { readonly map: Matrix; readonly footprint: number } {
  const scaleX = frame[2] / width;
  const scaleY = frame[3] / height;
  const map = chain(back, { a: scaleX, b: 0, c: 0, d: scaleY, e: frame[0], f: frame[1] });
  return { map, footprint: Math.sqrt(Math.abs(map.a * map.d - map.b * map.c)) };
}

/** What drawing a picture needs to know of its layer. */
type PlacedPicture = Pick<ImageLayer, 'asset' | 'width' | 'height' | 'transform' | 'opacity' | 'blend'>;

/** Lays one picture over premultiplied `pixels` of the request's size, in place. */
export function drawPicture(pixels: Float64Array, layer: PlacedPicture, composing: Composing): void {
  const { request, sources } = composing;
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

/**
 * Calls `put` with every pixel of the request, as its place in row order, and how far the layer's paint covers it, 0 … 255.
 * `keepsLines` keeps thin lines whole where the layer is shrunk; else a mask is sampled as it is.
 */
export function drawPaint(
  layer: PaintLayer,
  composing: Composing & { readonly keepsLines?: boolean },
  put: (at: number, painted: number) => void,
): void {
  const { request, sources } = composing;
  const back = toLayer(layer);
  if (back === undefined) return;
  const bounds = paintedBounds(layer, request.frame);
  if (bounds !== null && bounds.width * bounds.height > largestMaskArea) {
    throw new RangeError('a painted layer is scaled down too far to be read');
  }
  let plane: GrayPlane = { width: 0, height: 0, data: new Uint8Array(0) };
  if (bounds !== null) {
    const tiles = new Map<string, Uint8Array>();
    for (const [key, hash] of layer.tiles) {
      const tile = sources.tiles.get(hash);
      if (tile === undefined) throw new Error(`the mask tile ${hash} was not loaded`);
      tiles.set(key, tile);
    }
    plane = { width: bounds.width, height: bounds.height, data: rasteriseMask(tiles, layer.strokes, bounds) };
  }
  const { map, footprint } = lookThrough(back, request);
  let texel = 1;
  for (let i = composing.keepsLines === true ? halvings(footprint) : 0; i > 0; i -= 1) {
    plane = shrinkLines(plane);
    texel *= 2;
  }
  const left = bounds?.left ?? 0;
  const top = bounds?.top ?? 0;
  for (let y = 0; y < request.height; y += 1) {
    for (let x = 0; x < request.width; x += 1) {
      const point = applyTo(map, { x: x + 0.5, y: y + 0.5 });
      const place = { x: (point.x - left) / texel, y: (point.y - top) / texel };
      put(y * request.width + x, Math.round(sampleGray(plane, place)));
    }
  }
}
