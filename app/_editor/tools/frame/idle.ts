import { boxContains, boxOf } from '../../../../shared/geometry/box.ts';
import { toCanvas } from '../../core/camera.ts';
import { type Editor, modelOf } from '../../core/editor.ts';
import { frameEdgeAt, frameHandleAt } from '../../core/frame.ts';
import type { PointerInput } from '../../core/input.ts';
import { type Handle, handleDegrees } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';
import { drawingFrame } from './drawing.ts';
import { movingFrame } from './moving.ts';
import { resizingFrame } from './resizing.ts';

/** Frame tool, nothing under way. */
export function idle(editor: Editor): ToolState {
  editor.cursor.set('crosshair');

  function handleUnder(input: PointerInput): Handle | undefined {
    const { zoom } = editor.camera.get();
    const reach = (input.device === 'touch' ? 22 : 9) / zoom;
    return frameHandleAt(boxOf(modelOf(editor).frame), toCanvas(editor.camera.get(), input.point), reach);
  }

  function isOnFrame(input: PointerInput): boolean {
    const frame = boxOf(modelOf(editor).frame);
    const point = toCanvas(editor.camera.get(), input.point);
    return boxContains(frame, point) || frameEdgeAt(frame, point, editor.camera.get().zoom);
  }

  return {
    path: 'frame.idle',

    onPointerMove(input) {
      const handle = handleUnder(input);
      const box = { matrix: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, box: boxOf(modelOf(editor).frame) };
      if (handle !== undefined) editor.cursor.set({ kind: 'resize', degrees: handleDegrees(box, handle) });
      else editor.cursor.set(isOnFrame(input) ? 'move' : 'crosshair');
    },

    onPointerDown(input) {
      if (input.button !== 'main' || !editor.document.canEdit.get()) return undefined;
      const handle = handleUnder(input);
      if (handle !== undefined) return resizingFrame(editor, handle);
      if (isOnFrame(input)) {
        const from = toCanvas(editor.camera.get(), input.point);
        return movingFrame(editor, { from, back: 'idle', path: 'frame.moving' });
      }
      return drawingFrame(editor, input);
    },
  };
}
