'use client';

import { Dialog as Radix } from 'radix-ui';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { classNames } from '../../_ui/class-names.ts';
import { Icon } from '../../_ui/icon.tsx';
import { ShortcutHint } from '../../_ui/tooltip.tsx';
import { useFocusReturn } from '../../_ui/use-focus-return.ts';
import { type Action, isEnabled, perform } from '../core/action.ts';
import { searchActions } from '../core/action-search.ts';
import { useActions, useEditor } from './editor-context.ts';

/** Everything that can be done here, by typing its name. */
export function CommandPalette({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  const returnFocus = useFocusReturn();
  return (
    <Radix.Root onOpenChange={onOpenChange} open={open}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" />
        <Radix.Content
          onCloseAutoFocus={returnFocus}
          aria-describedby={undefined}
          className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(560px,calc(100vw-24px))] -translate-x-1/2 animate-fade flex-col overflow-hidden rounded-[10px] bg-raised shadow-float outline outline-line"
        >
          <Radix.Title className="sr-only">Commands</Radix.Title>
          <PaletteList close={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteList({ close }: { readonly close: () => void }) {
  const editor = useEditor();
  const actions = useActions();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const found = searchActions(
    actions.filter((action) => isEnabled(action, editor)),
    query,
  ).slice(0, 60);
  const notNow = found.length === 0 ? searchActions(actions, query)[0] : undefined;
  const current = found[Math.min(at, found.length - 1)];

  function run(action: Action | undefined): void {
    if (action === undefined) return;
    close();
    // After the dialog has given the focus back, so that an action may take it.
    setTimeout(() => perform(action, editor), 0);
  }

  function goTo(next: number): void {
    const place = (next + found.length) % Math.max(1, found.length);
    setAt(place);
    list.current?.children[place]?.scrollIntoView({ block: 'nearest' });
  }

  function onKeyDown(event: KeyboardEvent): void {
    switch (event.key) {
      case 'ArrowDown':
        goTo(at + 1);
        break;
      case 'ArrowUp':
        goTo(at - 1);
        break;
      case 'Home':
        goTo(0);
        break;
      case 'End':
        goTo(found.length - 1);
        break;
      case 'Enter':
        run(current);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <>
      <div className="flex items-center gap-2.5 px-4 hairline-b">
        <Icon className="text-ink-faint" name="search" />
        <input
          aria-activedescendant={current === undefined ? undefined : `${id}-${current.id}`}
          aria-autocomplete="list"
          aria-controls={`${id}-list`}
          aria-expanded="true"
          aria-label="Search commands"
          autoComplete="off"
          className="h-12 min-w-0 flex-1 bg-transparent text-16 outline-none!"
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          placeholder="What do you want to do?"
          role="combobox"
          spellCheck={false}
          value={query}
        />
      </div>
      <div
        aria-label="Commands"
        className="min-h-0 flex-1 overflow-y-auto p-1.5"
        id={`${id}-list`}
        ref={list}
        role="listbox"
        tabIndex={-1}
      >
        {found.map((action, i) => (
          <div
            aria-selected={action === current}
            className={classNames(
              'flex min-h-9 items-center gap-3 rounded-control px-2.5 coarse:min-h-11',
              action === current && 'bg-hover',
            )}
            id={`${id}-${action.id}`}
            key={action.id}
            onClick={() => run(action)}
            onPointerMove={() => setAt(i)}
            role="option"
          >
            <span className="flex w-4 text-ink-soft">
              {action.icon === undefined ? null : <Icon name={action.icon} />}
            </span>
            <span className="min-w-0 flex-1 truncate">{action.label}</span>
            <span className="text-12 text-ink-faint">{action.group}</span>
            {action.shortcuts?.[0] === undefined ? null : (
              <span className="min-w-10 text-right text-ink">
                <ShortcutHint shortcut={action.shortcuts[0]} />
              </span>
            )}
          </div>
        ))}
        {found.length === 0 ? (
          <p className="px-3 py-6 text-center text-ink-soft">
            {notNow === undefined
              ? `Nothing here is called “${query.trim()}”.`
              : `${notNow.label} cannot be done now: there is nothing here, or nothing selected, for it.`}
          </p>
        ) : null}
      </div>
    </>
  );
}
