'use client';

import { useState } from 'react';
import { Dialog } from '../../_ui/dialog.tsx';
import { formatShortcut } from '../../_ui/shortcut.ts';
import { TextField } from '../../_ui/text-field.tsx';
import { useApple } from '../../_ui/tooltip.tsx';
import { type Action, actionGroups } from '../core/action.ts';
import { searchActions } from '../core/action-search.ts';
import { useActions } from './editor-context.ts';

/** Gestures that are not actions: they belong to the pointer. */
const gestures: readonly { readonly label: string; readonly keys: readonly string[] }[] = [
  { label: 'Drag the canvas', keys: ['Space + drag', 'middle button', 'two fingers'] },
  { label: 'Zoom to the pointer', keys: ['wheel', 'pinch'] },
  { label: 'Straight brush line', keys: ['Shift + drag', 'Shift + click'] },
  { label: 'Keep the ratio, turn by 15°', keys: ['Shift + handle'] },
  { label: 'Scale from the middle', keys: ['Alt + handle'] },
  { label: 'Nudge the selection', keys: ['arrows', 'Shift + arrows'] },
  { label: 'Drag a copy', keys: ['Alt + drag'] },
  { label: 'Move without snapping', keys: ['Ctrl or ⌘ + drag'] },
];

/** Every shortcut, by group, with a search field. Made of the action table, so it cannot be out of date. */
export function ShortcutSheet({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  const actions = useActions();
  const apple = useApple();
  const [query, setQuery] = useState('');
  const found = searchActions(
    actions.filter((action) => (action.shortcuts?.length ?? 0) > 0),
    query,
  );
  const foundGestures = gestures.filter(({ label, keys }) =>
    `${label} ${keys.join(' ')}`.toLowerCase().includes(query.trim().toLowerCase()),
  );
  return (
    <Dialog
      onOpenChange={(next) => {
        if (!next) setQuery('');
        onOpenChange(next);
      }}
      open={open}
      title="Keyboard shortcuts"
      wide
    >
      <TextField
        autoFocus
        hideLabel
        label="Search shortcuts"
        onChange={(event) => setQuery(event.target.value)}
        placeholder="Search shortcuts"
        type="search"
        value={query}
      />
      <div className="mt-4 gap-x-10 sm:columns-2">
        {actionGroups.map((group) => (
          <Group
            key={group}
            rows={found
              .filter((action) => action.group === group)
              .map((action) => ({
                id: action.id,
                label: action.label,
                keys: shownShortcuts(action).map((shortcut) => formatShortcut(shortcut, apple)),
              }))}
            title={group}
          />
        ))}
        <Group
          rows={foundGestures.map((gesture) => ({ ...gesture, id: gesture.label }))}
          title="Pointer and arrows"
        />
      </div>
      {found.length === 0 && foundGestures.length === 0 ? (
        <p className="py-6 text-center text-ink-soft">No shortcut is called that.</p>
      ) : null}
    </Dialog>
  );
}

function Group({
  title,
  rows,
}: {
  readonly title: string;
  readonly rows: readonly { readonly id: string; readonly label: string; readonly keys: readonly string[] }[];
}) {
  if (rows.length === 0) return null;
  return (
    <section className="mb-5 break-inside-avoid">
      <h3 className="mb-1 text-12 font-semibold text-ink-faint">{title}</h3>
      <dl>
        {rows.map((row) => (
          <div className="flex items-baseline justify-between gap-4 py-1 hairline-b" key={row.id}>
            <dt className="min-w-0">{row.label}</dt>
            <dd className="flex shrink-0 flex-wrap justify-end gap-1">
              {row.keys.map((key) => (
                <kbd
                  className="rounded-small bg-hover px-1.5 py-0.5 font-sans text-12 whitespace-nowrap text-ink-soft"
                  key={key}
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** At most two: a third way to do something is noise. */
function shownShortcuts(action: Action): readonly string[] {
  return (action.shortcuts ?? []).slice(0, 2);
}
