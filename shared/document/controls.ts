import type { ControlKind, ControlRange } from '../contracts/recipe.ts';
import { boxesOverlap, boxOf } from '../geometry/box.ts';
import { boundsOf } from '../geometry/matrix.ts';
import { isPaintedInside } from './mode.ts';
import type { CanvasModel, ControlLayer, Rect } from './schema.ts';

/** One map that a request for a canvas follows, and the layers it is composed of, bottom first. */
export interface CountedControl {
  readonly kind: ControlKind;
  readonly strength: number;
  readonly range: ControlRange;
  readonly layers: readonly ControlLayer[];
}

/**
 * The maps that a request for this canvas follows, bottom first: every visible control layer with something inside the
 * frame and a strength above 0. The regions of a segmentation make one map together, followed as the topmost of them says.
 */
export function countedControls(canvas: Pick<CanvasModel, 'layers' | 'frame'>): readonly CountedControl[] {
  const counted = canvas.layers.filter(
    (layer): layer is ControlLayer =>
      layer.kind === 'control' && !layer.hidden && layer.strength > 0 && showsInside(layer, canvas.frame),
  );
  const regions = counted.filter((layer) => layer.map === 'segmentation');
  return counted.flatMap((layer): readonly CountedControl[] => {
    if (layer.map === 'segmentation' && layer !== regions.at(-1)) return [];
    const { map: kind, strength, range } = layer;
    return [{ kind, strength, range, layers: kind === 'segmentation' ? regions : [layer] }];
  });
}

/** Whether anything of a control layer, picture or paint, lies inside the frame. */
export function showsInside(layer: ControlLayer, frame: Rect): boolean {
  const { picture, transform } = layer;
  if (picture !== null && boxesOverlap(boundsOf(transform, picture.width, picture.height), boxOf(frame))) {
    return true;
  }
  return isPaintedInside(layer, frame);
}
