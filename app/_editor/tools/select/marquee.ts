import { boxBetween } from '../../../../shared/geometry/box.ts';
import { distance, type Point } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import { type Editor, modelOf } from '../../core/editor.ts';
import type { PointerInput } from '../../core/input.ts';
import { picturesIn } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';
import { dragThreshold } from './pointing-layer.ts';

/** Pressed on empty canvas: a click deselects, a drag selects what it touches. Shift adds to what is selected. */
export function marquee(
  editor: Editor,
  press: { readonly from: Point; readonly input: PointerInput },
): ToolState {
  const before = editor.selection.get();
  const kept = press.input.shift ? before : [];
  editor.selection.set(kept);
  return {
    path: 'select.marquee',

    onPointerMove(input) {
      if (editor.marquee.get() === null && distance(input.point, press.input.point) < dragThreshold) return;
      const box = boxBetween(press.from, toCanvas(editor.camera.get(), input.point));
      editor.marquee.set(box);
      const touched = picturesIn(modelOf(editor).layers, box).map((layer) => layer.id);
      const next = [...kept, ...touched.filter((id) => !kept.includes(id))];
      if (next.join() !== editor.selection.get().join()) editor.selection.set(next);
    },

    onPointerUp() {
      editor.marquee.set(null);
      return 'idle';
    },

    onCancel() {
      editor.marquee.set(null);
      editor.selection.set(before);
    },
  };
}
