import type { FrameMode, GenerationMode } from '../contracts/recipe.ts';
import { applyTo, hitsLayer } from '../geometry/matrix.ts';
import { rasteriseMask } from '../raster/mask.ts';
import { largestMaskArea, paintedBounds, toLayer } from './mask-area.ts';
import type { CanvasModel, ImageLayer, LayerId, MaskLayer, PaintLayer, Rect, Settings } from './schema.ts';

/** Points a side at which the frame is looked at: what a pixel of the picture to make could see. */
const probes = 256;
/** Points a side for pictures, whose edges are long. */
const pictureProbes = 64;

export interface ModeQuestion {
  readonly mode: Settings['mode'];
  /** Mask layers that count; empty means every visible one. */
  readonly maskLayerIds: readonly LayerId[];
}

/**
 * What a request for this canvas will do. `auto` looks at what is under the frame: nothing → text to image; paint of a
 * visible mask → inpaint; some part without pictures → extend; else image to image. Pictures count by their outlines, and
 * a mask's baked tiles as painted, so that the browser and the server agree without loading any pixels.
 */
export function decideMode(canvas: CanvasModel, question: ModeQuestion): FrameMode {
  if (question.mode !== 'auto') return question.mode;
  const covered = pictureCoverage(visiblePictures(canvas), canvas.frame);
  if (covered === 0) return 'text-to-image';
  const isPainted = countedMasks(canvas, question.maskLayerIds).some((mask) =>
    isPaintedInside(mask, canvas.frame),
  );
  if (isPainted) return 'inpaint';
  return covered < 1 ? 'extend' : 'image-to-image';
}

/** The words on the button that starts it. */
export function describeMode(mode: GenerationMode, strength: number): string {
  switch (mode) {
    case 'text-to-image':
      return 'Generate';
    case 'image-to-image':
      return `Refine ${Math.round(strength * 100)} %`;
    case 'inpaint':
      return 'Fill';
    case 'extend':
      return 'Extend';
    case 'instruct':
      return 'Edit';
    case 'upscale':
      return 'Enlarge';
  }
}

/** Image layers that can be seen, bottom first. */
export function visiblePictures(canvas: CanvasModel): readonly ImageLayer[] {
  return canvas.layers.filter(
    (layer): layer is ImageLayer => layer.kind === 'image' && !layer.hidden && layer.opacity > 0,
  );
}

/** Mask layers that a request counts: the visible ones, or of those only the named. */
export function countedMasks(canvas: CanvasModel, ids: readonly LayerId[]): readonly MaskLayer[] {
  return canvas.layers.filter(
    (layer): layer is MaskLayer =>
      layer.kind === 'mask' && !layer.hidden && (ids.length === 0 || ids.includes(layer.id)),
  );
}

/** The share of the frame, 0 … 1, that lies under some picture's outline. */
export function pictureCoverage(pictures: readonly ImageLayer[], frame: Rect): number {
  let hits = 0;
  for (let row = 0; row < pictureProbes; row += 1) {
    for (let column = 0; column < pictureProbes; column += 1) {
      const point = probe(frame, { column, row, side: pictureProbes });
      if (pictures.some((picture) => hitsLayer(picture.transform, picture.width, picture.height, point)))
        hits += 1;
    }
  }
  return hits / pictureProbes ** 2;
}

/** Whether a mask covers anything inside the frame, or a control layer has paint there. */
export function isPaintedInside(layer: PaintLayer, frame: Rect): boolean {
  const back = toLayer(layer);
  const isInverted = layer.kind === 'mask' && layer.inverted;
  if (back === undefined) return false;
  const bounds = paintedBounds(layer, frame);
  if (bounds === null) return isInverted;
  const isAnywhere = layer.tiles.size > 0 || bounds.width * bounds.height > largestMaskArea;
  if (isAnywhere) return true;
  const alpha = rasteriseMask(new Map(), layer.strokes, bounds);
  const empty = isInverted ? 255 : 0;
  for (let row = 0; row < probes; row += 1) {
    for (let column = 0; column < probes; column += 1) {
      const point = applyTo(back, probe(frame, { column, row, side: probes }));
      const x = Math.floor(point.x) - bounds.left;
      const y = Math.floor(point.y) - bounds.top;
      const isInside = x >= 0 && y >= 0 && x < bounds.width && y < bounds.height;
      const value = isInside ? alpha[y * bounds.width + x] : 0;
      if (value !== empty) return true;
    }
  }
  return false;
}

function probe(
  frame: Rect,
  at: { readonly column: number; readonly row: number; readonly side: number },
): { readonly x: number; readonly y: number } {
  const [x, y, width, height] = frame;
  return { x: x + ((at.column + 0.5) / at.side) * width, y: y + ((at.row + 0.5) / at.side) * height };
}
