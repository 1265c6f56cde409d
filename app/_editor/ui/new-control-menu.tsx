'use client';

import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { isEnabled, perform } from '../core/action.ts';
import { useActions, useCanvasModel, useEditor, useReadable } from './editor-context.ts';

const ways = ['control.scribble', 'control.region', 'control.make-edges', 'control.from-picture'];

/** The ways to a new control layer. What needs a selected picture is greyed out until there is one. */
export function NewControlMenu() {
  const editor = useEditor();
  const actions = useActions();
  useReadable(editor.selection);
  useCanvasModel();
  const entries = ways.flatMap((id): readonly MenuEntry[] => {
    const action = actions.find((candidate) => candidate.id === id);
    if (action === undefined) return [];
    return [
      {
        id,
        label: action.label,
        icon: action.icon,
        disabled: !isEnabled(action, editor),
        onSelect: () => perform(action, editor),
      },
    ];
  });
  return (
    <Menu
      align="start"
      entries={[{ kind: 'label', id: 'what', label: 'A map that the picture follows' }, ...entries]}
      trigger={<IconButton icon="scribble" iconSize={20} label="New control layer" />}
    />
  );
}
