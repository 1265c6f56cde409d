import type { Point } from '../../../shared/geometry/point.ts';
import { toCanvas } from '../core/camera.ts';
import type { Editor } from '../core/editor.ts';
import { middleOf } from '../core/view.ts';

/** The canvas point in the middle of what panels leave free: where things go that have no better place. */
export function middleOnCanvas(editor: Editor): Point {
  return toCanvas(editor.camera.get(), middleOf(editor));
}
