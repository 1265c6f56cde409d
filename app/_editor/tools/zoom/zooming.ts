import { boxBetween } from '../../../../shared/geometry/box.ts';
import { distance } from '../../../../shared/geometry/point.ts';
import { fitBox, toCanvas } from '../../core/camera.ts';
import type { Editor } from '../../core/editor.ts';
import type { PointerInput } from '../../core/input.ts';
import type { ToolState } from '../../core/tool.ts';
import { moveCamera, zoomStep } from '../../core/view.ts';

/** A click goes one step nearer (with Alt away), a drag fills the view with what it encloses. */
export function zooming(editor: Editor, press: PointerInput): ToolState {
  const from = toCanvas(editor.camera.get(), press.point);
  return {
    path: 'zoom.zooming',

    onPointerMove(input) {
      if (editor.marquee.get() === null && distance(input.point, press.point) < 6) return;
      editor.marquee.set(boxBetween(from, toCanvas(editor.camera.get(), input.point)));
    },

    onPointerUp(input) {
      const box = editor.marquee.get();
      editor.marquee.set(null);
      if (box === null) zoomStep(editor, input.alt ? -1 : 1, press.point);
      else {
        const none = { top: 0, right: 0, bottom: 0, left: 0 };
        moveCamera(editor, fitBox(box, editor.viewport.get(), none, 32));
      }
      return 'idle';
    },

    onCancel() {
      editor.marquee.set(null);
    },
  };
}
