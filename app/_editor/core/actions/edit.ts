import type { Action } from '../action.ts';
import type { Command } from '../document-port.ts';
import {
  applyCommands,
  type Editor,
  editableSelection,
  modelOf,
  newLayerId,
  selectedLayers,
} from '../editor.ts';

const directions = {
  ArrowLeft: { dx: -1, dy: 0, word: 'left' },
  ArrowRight: { dx: 1, dy: 0, word: 'right' },
  ArrowUp: { dx: 0, dy: -1, word: 'up' },
  ArrowDown: { dx: 0, dy: 1, word: 'down' },
} as const;

export const editActions: readonly Action[] = [
  {
    id: 'edit.undo',
    label: 'Undo',
    group: 'Edit',
    icon: 'undo',
    shortcuts: ['Mod+Z'],
    undo: 'none',
    repeats: true,
    isEnabled: (editor) => editor.document.history.get().undo !== null,
    perform(editor) {
      const label = editor.document.history.get().undo;
      editor.document.undo();
      if (label !== null) editor.announcement.set(`Undone: ${label}.`);
    },
  },
  {
    id: 'edit.redo',
    label: 'Redo',
    group: 'Edit',
    icon: 'redo',
    shortcuts: ['Mod+Shift+Z', 'Mod+Y'],
    undo: 'none',
    repeats: true,
    isEnabled: (editor) => editor.document.history.get().redo !== null,
    perform(editor) {
      const label = editor.document.history.get().redo;
      editor.document.redo();
      if (label !== null) editor.announcement.set(`Done again: ${label}.`);
    },
  },
  {
    id: 'edit.duplicate',
    label: 'Duplicate',
    group: 'Edit',
    icon: 'copy',
    shortcuts: ['Mod+D'],
    undo: 'document',
    isEnabled: (editor) => selectedLayers(editor).length > 0,
    perform(editor) {
      const copies = selectedLayers(editor).map(({ id }) => ({ id, copyId: newLayerId(editor) }));
      applyCommands(
        editor,
        'Duplicate',
        copies.map(({ id, copyId }): Command => ({ type: 'duplicate-layer', id, copyId, offset: 16 })),
      );
      editor.selection.set(copies.map(({ copyId }) => copyId));
    },
  },
  {
    id: 'edit.delete',
    label: 'Delete',
    group: 'Edit',
    icon: 'trash',
    shortcuts: ['Delete', 'Backspace'],
    keywords: 'remove trash',
    undo: 'document',
    isEnabled: (editor) => editableSelection(editor).length > 0,
    perform(editor) {
      const layers = editableSelection(editor);
      const [only] = layers;
      const label = layers.length === 1 ? 'Delete layer' : `Delete ${layers.length} layers`;
      applyCommands(
        editor,
        label,
        layers.map(({ id }): Command => ({ type: 'delete-layer', id })),
      );
      editor.selection.set([]);
      editor.notify({
        tone: 'plain',
        text:
          layers.length === 1 && only !== undefined
            ? `Deleted “${only.name}”.`
            : `Deleted ${layers.length} layers.`,
        undoable: true,
      });
    },
  },
  {
    id: 'edit.select-all',
    label: 'Select all pictures',
    group: 'Edit',
    shortcuts: ['Mod+A'],
    undo: 'none',
    perform(editor) {
      const layers = modelOf(editor).layers.filter(
        (layer) => layer.kind === 'image' && !layer.hidden && !layer.locked,
      );
      editor.selection.set(layers.map(({ id }) => id));
    },
  },
  {
    id: 'edit.deselect',
    label: 'Deselect',
    group: 'Edit',
    shortcuts: ['Escape'],
    undo: 'none',
    isEnabled: (editor) =>
      editor.tools.isBusy() || editor.following.get() !== null || editor.selection.get().length > 0,
    perform(editor) {
      if (editor.tools.isBusy()) editor.tools.cancel();
      else if (editor.following.get() !== null) editor.following.set(null);
      else editor.selection.set([]);
    },
  },
  ...(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const).flatMap((key): readonly Action[] => [
    nudge(key, 1, key, []),
    nudge(key, 10, `Shift+${key}`, ['far']),
  ]),
];

function nudge(
  key: keyof typeof directions,
  pixels: number,
  shortcut: string,
  more: readonly string[],
): Action {
  const { dx, dy, word } = directions[key];
  return {
    id: ['edit.nudge', word, ...more].join('-'),
    label: pixels === 1 ? `Nudge ${word}` : `Nudge ${word} by ${pixels}`,
    group: 'Edit',
    shortcuts: [shortcut],
    undo: 'document',
    isListed: false,
    repeats: true,
    isEnabled: (editor) => editableSelection(editor).length > 0,
    perform(editor: Editor) {
      const layers = editableSelection(editor);
      applyCommands(
        editor,
        layers.length === 1 ? 'Move layer' : 'Move layers',
        layers.map(({ id, transform: [x, y, sx, sy, rotation] }): Command => {
          const transform = [x + dx * pixels, y + dy * pixels, sx, sy, rotation] as const;
          return { type: 'patch-layer', id, patch: { transform } };
        }),
      );
      const [only, ...others] = layers;
      if (only === undefined) return;
      const [x, y] = only.transform;
      const subject = others.length === 0 ? only.name : `${layers.length} layers`;
      editor.announcement.set(
        `${subject} at ${Math.round(x + dx * pixels)}, ${Math.round(y + dy * pixels)}.`,
      );
    },
  };
}
