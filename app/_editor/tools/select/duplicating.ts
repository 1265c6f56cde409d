import type { Layer } from '../../../../shared/document/schema.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import type { Command } from '../../core/document-port.ts';
import { applyCommands, type Editor, newLayerId } from '../../core/editor.ts';
import type { ToolState } from '../../core/tool.ts';
import { moved, offsetFor } from './translating.ts';

/** Dragging with Alt: the layers stay, copies of them land where the pointer lets go. */
export function duplicating(
  editor: Editor,
  gesture: { readonly layers: readonly Layer[]; readonly from: Point },
): ToolState {
  const { layers } = gesture;
  editor.cursor.set('move');

  function finish() {
    editor.drag.set(null);
    editor.guides.set([]);
  }

  return {
    path: 'select.duplicating',

    onPointerMove(input) {
      const { dx, dy, guides } = offsetFor(editor, gesture, input);
      editor.guides.set(guides);
      editor.drag.set(moved(layers, dx, dy));
    },

    onPointerUp() {
      const drag = editor.drag.get();
      finish();
      if (drag === null) return 'idle';
      const copies = layers.map((layer) => ({ layer, copyId: newLayerId(editor) }));
      applyCommands(
        editor,
        'Duplicate',
        copies.flatMap(({ layer, copyId }): readonly Command[] => {
          const transform = drag.get(layer.id) ?? layer.transform;
          return [
            { type: 'duplicate-layer', id: layer.id, copyId, offset: 0 },
            { type: 'patch-layer', id: copyId, patch: { transform } },
          ];
        }),
      );
      editor.selection.set(copies.map(({ copyId }) => copyId));
      return 'idle';
    },

    onCancel: finish,
  };
}
