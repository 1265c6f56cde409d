import type { Stroke } from '../../../../shared/document/schema.ts';
import type { Editor } from '../../core/editor.ts';
import { paintTarget } from '../../core/masks.ts';
import type { ToolState } from '../../core/tool.ts';
import { painting } from './painting.ts';

/** Brush or eraser, nothing under way. The eraser end of a pen erases whichever of the two is chosen. */
export function idle(editor: Editor, tool: Stroke['tool']): ToolState {
  editor.cursor.set(editor.document.canEdit.get() ? 'brush' : 'not-allowed');
  return {
    path: `${tool}.idle`,

    onPointerDown(input) {
      if (input.button !== 'main' && input.button !== 'eraser') return undefined;
      if (!editor.document.canEdit.get()) {
        editor.notify({ tone: 'plain', text: 'You can look at this canvas, not paint on it.' });
        return undefined;
      }
      const target = paintTarget(editor);
      const stroke = input.button === 'eraser' ? 'eraser' : tool;
      switch (target.kind) {
        case 'blocked':
          editor.notify({
            tone: 'plain',
            text: `“${target.layer.name}” is ${target.because}.`,
            detail:
              target.because === 'locked'
                ? 'Unlock it or select another layer to paint on.'
                : 'Show it or select another layer to paint on.',
          });
          return undefined;
        case 'new':
          if (stroke === 'eraser') {
            editor.notify({
              tone: 'plain',
              text: 'There is no mask to erase yet.',
              detail: 'Paint one with the brush (B).',
            });
            return undefined;
          }
          return painting(editor, { target, stroke, path: `${tool}.painting`, press: input });
        case 'layer':
          return painting(editor, { target, stroke, path: `${tool}.painting`, press: input });
      }
    },
  };
}
