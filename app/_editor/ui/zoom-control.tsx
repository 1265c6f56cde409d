'use client';

import { useMemo, useSyncExternalStore } from 'react';
import { classNames } from '../../_ui/class-names.ts';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { perform } from '../core/action.ts';
import { useActions, useEditor } from './editor-context.ts';

const zoomActions = [
  'view.zoom-in',
  'view.zoom-out',
  'view.full-size',
  'view.fit',
  'view.fit-selection',
  'view.fit-frame',
];

/** The zoom in percent; opens what can be done about it. */
export function ZoomControl({ className }: { readonly className?: string }) {
  const editor = useEditor();
  const actions = useActions();
  const percent = useMemo(() => () => Math.round(editor.camera.get().zoom * 100), [editor]);
  const shown = useSyncExternalStore(editor.camera.subscribe, percent, percent);
  const entries = zoomActions.flatMap((id): readonly MenuEntry[] => {
    const action = actions.find((candidate) => candidate.id === id);
    if (action === undefined) return [];
    const { label, icon, shortcuts } = action;
    return [{ id, label, icon, shortcut: shortcuts?.[0], onSelect: () => perform(action, editor) }];
  });
  return (
    <Menu
      entries={entries}
      trigger={
        <button
          aria-label={`Zoom, ${shown} %`}
          className={classNames(
            'h-8 min-w-14 rounded-control px-2 text-13 text-ink-soft hover:bg-hover hover:text-ink data-[state=open]:bg-pressed coarse:h-11',
            className,
          )}
          type="button"
        >
          {shown} %
        </button>
      }
    />
  );
}
