'use client';

import { Button } from '../../_ui/button.tsx';
import { isEnabled, perform } from '../core/action.ts';
import { useActions, useEditor, useReadable } from './editor-context.ts';

/** What makes the selected picture larger; nothing where that cannot be done. */
export function EnlargeButtons() {
  const editor = useEditor();
  const actions = useActions();
  useReadable(editor.selection);
  useReadable(editor.enlarges);
  const shown = actions.filter(({ id }) => id.startsWith('picture.enlarge-'));
  if (!shown.some((action) => isEnabled(action, editor))) return null;
  return (
    <>
      {shown.map((action) => (
        <Button icon={action.icon} key={action.id} onClick={() => perform(action, editor)} size="small">
          {action.label}
        </Button>
      ))}
    </>
  );
}
