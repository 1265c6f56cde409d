import { rectOf } from '../../../../shared/geometry/box.ts';
import { distance } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor, modelOf } from '../../core/editor.ts';
import { drawFrame } from '../../core/frame.ts';
import type { PointerInput } from '../../core/input.ts';
import { canvasBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** A new place for the frame is drawn from corner to corner. A click without a drag changes nothing. */
export function drawingFrame(editor: Editor, press: PointerInput): ToolState {
  const from = toCanvas(editor.camera.get(), press.point);
  const others = modelOf(editor).layers.flatMap((layer) =>
    layer.hidden ? [] : (canvasBox(layer, null) ?? []),
  );
  return {
    path: 'frame.drawing',

    onPointerMove(input) {
      if (editor.frameDrag.get() === null && distance(input.point, press.point) < 6) return;
      const { zoom } = editor.camera.get();
      editor.frameDrag.set(
        rectOf(drawFrame(from, toCanvas(editor.camera.get(), input.point), others, 8 / zoom)),
      );
    },

    onPointerUp() {
      const rect = editor.frameDrag.get();
      editor.frameDrag.set(null);
      if (rect !== null) applyCommands(editor, 'Draw frame', [{ type: 'set-frame', rect }]);
      return 'idle';
    },

    onCancel() {
      editor.frameDrag.set(null);
    },
  };
}
