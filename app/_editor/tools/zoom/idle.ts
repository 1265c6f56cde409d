import type { Editor } from '../../core/editor.ts';
import type { ToolState } from '../../core/tool.ts';
import { zooming } from './zooming.ts';

/** Zoom tool, nothing under way. */
export function idle(editor: Editor): ToolState {
  editor.cursor.set('zoom-in');
  return {
    path: 'zoom.idle',
    onPointerMove(input) {
      editor.cursor.set(input.alt ? 'zoom-out' : 'zoom-in');
    },
    onPointerDown: (input) => zooming(editor, input),
  };
}
