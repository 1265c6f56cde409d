import { boxOf, rectOf } from '../../../../shared/geometry/box.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor, modelOf } from '../../core/editor.ts';
import { placeFrame } from '../../core/frame.ts';
import { canvasBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** The frame follows the pointer, from the frame tool or by its edge in the select tool. Written once, at the end. */
export function movingFrame(
  editor: Editor,
  gesture: { readonly from: Point; readonly back: 'idle'; readonly path: ToolState['path'] },
): ToolState {
  const frame = boxOf(modelOf(editor).frame);
  const others = modelOf(editor).layers.flatMap((layer) =>
    layer.hidden ? [] : (canvasBox(layer, null) ?? []),
  );
  editor.cursor.set('move');

  function finish() {
    editor.frameDrag.set(null);
    editor.guides.set([]);
  }

  return {
    path: gesture.path,

    onPointerMove(input) {
      const to = toCanvas(editor.camera.get(), input.point);
      let dx = to.x - gesture.from.x;
      let dy = to.y - gesture.from.y;
      if (input.shift) {
        if (Math.abs(dx) > Math.abs(dy)) dy = 0;
        else dx = 0;
      }
      const target = { ...frame, x: Math.round(frame.x + dx), y: Math.round(frame.y + dy) };
      const placed = input.mod
        ? { frame: target, guides: [] }
        : placeFrame(target, others, 8 / editor.camera.get().zoom);
      editor.guides.set(placed.guides);
      editor.frameDrag.set(rectOf(placed.frame));
    },

    onPointerUp() {
      const rect = editor.frameDrag.get();
      finish();
      if (rect !== null) applyCommands(editor, 'Move frame', [{ type: 'set-frame', rect }]);
      return gesture.back;
    },

    onCancel: finish,
  };
}
