'use client';

import type { MenuEntry } from '../../_ui/menu.tsx';
import { isEnabled, perform } from '../core/action.ts';
import { useActions, useEditor, useReadable } from './editor-context.ts';

const menuActions = [
  'layer.rename',
  'edit.duplicate',
  'mask.invert',
  'mask.clear',
  'control.make-edges',
  'control.from-picture',
  'reference.from-picture',
  'picture.enlarge-2',
  'picture.enlarge-4',
  'layer.hide',
  'layer.lock',
  'layer.front',
  'layer.forward',
  'layer.backward',
  'layer.back',
  'frame.around-selection',
  'edit.delete',
];

/** What a right click in the layer tree offers for the selection. */
export function useLayerMenu(): readonly MenuEntry[] {
  const editor = useEditor();
  const actions = useActions();
  useReadable(editor.selection);
  useReadable(editor.enlarges);
  return menuActions.flatMap((id): readonly MenuEntry[] => {
    const action = actions.find((candidate) => candidate.id === id);
    if (action === undefined || !isEnabled(action, editor)) return [];
    const entry: MenuEntry = {
      id,
      label: action.label,
      icon: action.icon,
      shortcut: action.shortcuts?.[0],
      danger: id === 'edit.delete',
      onSelect: () => perform(action, editor),
    };
    return id === 'edit.delete' ? [{ kind: 'separator', id: 'before-delete' }, entry] : [entry];
  });
}
