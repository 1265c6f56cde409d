import { boxOf, rectOf } from '../../../../shared/geometry/box.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor, modelOf } from '../../core/editor.ts';
import { resizeFrame } from '../../core/frame.ts';
import type { Handle } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** A handle of the frame is pulled; sides go in steps of 64 px. */
export function resizingFrame(editor: Editor, handle: Handle): ToolState {
  const frame = boxOf(modelOf(editor).frame);
  return {
    path: 'frame.resizing',

    onPointerMove(input) {
      const to = toCanvas(editor.camera.get(), input.point);
      editor.frameDrag.set(
        rectOf(resizeFrame(frame, handle, to, { keepRatio: input.shift, fromCentre: input.alt })),
      );
    },

    onPointerUp() {
      const rect = editor.frameDrag.get();
      editor.frameDrag.set(null);
      if (rect !== null) applyCommands(editor, 'Resize frame', [{ type: 'set-frame', rect }]);
      return 'idle';
    },

    onCancel() {
      editor.frameDrag.set(null);
    },
  };
}
