import type { Editor } from '../../core/editor.ts';
import type { ToolState } from '../../core/tool.ts';
import { panning } from './panning.ts';

/** Hand tool, nothing under way. */
export function idle(editor: Editor): ToolState {
  editor.cursor.set('grab');
  return {
    path: 'hand.idle',
    onPointerDown: (input) => panning(editor, input),
  };
}
