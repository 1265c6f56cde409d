import type { Layer } from '../../../../shared/document/schema.ts';
import { distance } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import { type Editor, editableSelection } from '../../core/editor.ts';
import type { PointerInput } from '../../core/input.ts';
import type { ToolState } from '../../core/tool.ts';
import { duplicating } from './duplicating.ts';
import { translating } from './translating.ts';

/** Screen pixels that a press may wander and still be a click. */
export const dragThreshold = 4;

/** Pressed on a layer: a click if let go, a drag if moved. Shift adds to the selection or takes from it. */
export function pointingLayer(
  editor: Editor,
  press: { readonly layer: Layer; readonly from: PointerInput },
): ToolState {
  const { layer, from } = press;
  const before = editor.selection.get();
  const wasSelected = before.includes(layer.id);
  if (from.shift) {
    editor.selection.set(wasSelected ? before.filter((id) => id !== layer.id) : [...before, layer.id]);
  } else if (!wasSelected) {
    editor.selection.set([layer.id]);
  }
  return {
    path: 'select.pointing-layer',

    onPointerMove(input) {
      const reach = input.device === 'touch' ? dragThreshold * 2 : dragThreshold;
      if (distance(input.point, from.point) < reach) return undefined;
      const layers = editableSelection(editor);
      if (layers.length === 0) return 'idle';
      const start = toCanvas(editor.camera.get(), from.point);
      const next = from.alt
        ? duplicating(editor, { layers, from: start })
        : translating(editor, { layers, from: start });
      return next.onPointerMove?.(input) ?? next;
    },

    onPointerUp() {
      // A click on one of several selected layers means just that one.
      if (!from.shift && wasSelected) editor.selection.set([layer.id]);
      return 'idle';
    },

    onCancel() {
      editor.selection.set(before);
    },
  };
}
