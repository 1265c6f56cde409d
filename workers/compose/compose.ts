import type { CanvasModel, ImageLayer, LayerId, Rect } from '../../shared/document/schema.ts';
import { countedMasks, visiblePictures } from '../../shared/document/mode.ts';
import { boxesOverlap, boxOf } from '../../shared/geometry/box.ts';
import { boundsOf } from '../../shared/geometry/matrix.ts';
import { drawPaint, drawPicture } from './draw-layer.ts';
import type { RgbaPicture } from './raster.ts';

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

function composeMask(
  canvas: CanvasModel,
  request: ComposeRequest,
  sources: ComposeSources,
): Uint8Array | null {
  const masks = countedMasks(canvas, request.maskLayerIds);
  if (masks.length === 0) return null;
  const union = new Uint8Array(request.width * request.height);
  for (const mask of masks) {
    drawPaint(mask, { request, sources }, (at, painted) => {
      const value = mask.inverted ? 255 - painted : painted;
      if (value > (union[at] ?? 0)) union[at] = value;
    });
  }
  return union;
}

export function toByte(value: number): number {
  return Math.round(Math.min(Math.max(value, 0), 1) * 255);
}
