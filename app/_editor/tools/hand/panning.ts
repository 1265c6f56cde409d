import { panBy } from '../../core/camera.ts';
import type { Editor } from '../../core/editor.ts';
import type { PointerInput } from '../../core/input.ts';
import type { ToolState } from '../../core/tool.ts';
import { moveCamera } from '../../core/view.ts';

/** The canvas is dragged along. */
export function panning(editor: Editor, from: PointerInput): ToolState {
  const start = editor.camera.get();
  editor.cursor.set('grabbing');
  return {
    path: 'hand.panning',

    onPointerMove(input) {
      moveCamera(editor, panBy(start, input.point.x - from.point.x, input.point.y - from.point.y));
    },

    onPointerUp: () => 'idle',

    onCancel() {
      editor.camera.set(start);
    },
  };
}
