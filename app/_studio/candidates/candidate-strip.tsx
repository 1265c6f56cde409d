'use client';

import { type KeyboardEvent as ReactKeyboardEvent, type RefObject, useEffect, useMemo, useRef } from 'react';
import { focusStage } from '../../_editor/ui/focus-stage.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { Button } from '../../_ui/button.tsx';
import { classNames } from '../../_ui/class-names.ts';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { Skeleton } from '../../_ui/skeleton.tsx';

/** A finished picture that waits for a decision, as the strip shows it. */
export interface StripCandidate {
  readonly id: string;
  readonly url: string | null;
  readonly prompt: string;
  readonly seed: number;
  readonly requestedBy: { readonly id: string; readonly name: string };
}

export interface StripActions {
  readonly look: (id: string | null) => void;
  readonly accept: (id: string) => void;
  readonly discard: (id: string) => void;
  readonly discardAll: () => void;
  /** While true, the canvas shows what was there before. */
  readonly compare: (before: boolean) => void;
}

/**
 * The pictures that arrived and were not decided on yet, oldest first, seen by everyone on the canvas. Looking is one's
 * own; accepting and discarding are everyone's.
 */
export function CandidateStrip({
  candidates,
  lookedAt,
  comparing,
  readOnly,
  actions: given,
}: {
  readonly candidates: readonly StripCandidate[];
  readonly lookedAt: string | null;
  readonly comparing: boolean;
  readonly readOnly: boolean;
  readonly actions: StripActions;
}) {
  const at = candidates.findIndex((candidate) => candidate.id === lookedAt);
  const current = candidates[at];
  const row = useRef<HTMLDivElement>(null);
  const actions = useMemo(() => keepingFocus(given, row), [given]);
  useStripKeys({ candidates, at, readOnly, actions });

  useEffect(() => {
    if (lookedAt === null) return;
    const option = row.current?.querySelector<HTMLElement>(`[data-candidate="${CSS.escape(lookedAt)}"]`);
    option?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    // In a listbox the focus goes with the choice.
    if (row.current?.contains(document.activeElement)) option?.focus({ preventScroll: true });
  }, [lookedAt]);

  /** While nothing is looked at, an arrow looks at the neighbour of the one that has the focus. */
  function onRowKey(event: ReactKeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : null;
    if (step === null || lookedAt !== null || !(event.target instanceof HTMLElement)) return;
    const { candidate: focused } = event.target.dataset;
    const here = candidates.findIndex((candidate) => candidate.id === focused);
    actions.look(neighbour(candidates, here, step));
    event.preventDefault();
    event.stopPropagation();
  }

  if (candidates.length === 0) return null;
  return (
    <section
      aria-label="New pictures"
      className="flex max-w-full animate-enter flex-col overflow-hidden rounded-[10px] bg-raised shadow-float outline outline-line"
    >
      <div
        aria-label="New pictures"
        className="flex gap-1.5 overflow-x-auto p-2"
        ref={row}
        role="listbox"
        aria-orientation="horizontal"
        onKeyDown={onRowKey}
        tabIndex={-1}
      >
        {candidates.map((candidate, index) => (
          <button
            aria-label={`Picture ${index + 1} of ${candidates.length}, asked for by ${candidate.requestedBy.name}: ${candidate.prompt}`}
            aria-selected={candidate.id === lookedAt}
            className={classNames(
              'relative size-14 shrink-0 rounded-small outline-offset-2 transition-shadow sm:size-16',
              candidate.id === lookedAt
                ? 'shadow-[0_0_0_2px_var(--raised),0_0_0_4px_var(--accent)]'
                : 'hover:shadow-[0_0_0_2px_var(--edge)]',
            )}
            data-candidate={candidate.id}
            key={candidate.id}
            onClick={() => actions.look(candidate.id === lookedAt ? null : candidate.id)}
            role="option"
            tabIndex={candidate.id === lookedAt || (at < 0 && index === 0) ? 0 : -1}
            title={`${candidate.requestedBy.name}, seed ${candidate.seed}`}
            type="button"
          >
            {candidate.url === null ? (
              <Skeleton className="size-full" />
            ) : (
              <Picture alt="" className="size-full rounded-small" src={candidate.url} />
            )}
            <Avatar
              className="absolute right-0.5 bottom-0.5 shadow-[0_0_0_1.5px_var(--raised)]"
              name={candidate.requestedBy.name}
              size={20}
              userId={candidate.requestedBy.id}
            />
          </button>
        ))}
      </div>
      {current === undefined ? null : (
        <div className="flex items-center gap-1 border-t px-2 py-1.5">
          <IconButton
            // On a phone the pictures themselves are the way to the next one.
            className="max-sm:hidden"
            disabled={candidates.length < 2}
            icon="chevron-left"
            label="Previous picture"
            onClick={() => actions.look(neighbour(candidates, at, -1))}
            shortcut="ArrowLeft"
            side="top"
            size="small"
          />
          <span className="min-w-11 text-center text-12 text-ink-soft">
            {at + 1} of {candidates.length}
          </span>
          <IconButton
            // On a phone the pictures themselves are the way to the next one.
            className="max-sm:hidden"
            disabled={candidates.length < 2}
            icon="chevron-right"
            label="Next picture"
            onClick={() => actions.look(neighbour(candidates, at, 1))}
            shortcut="ArrowRight"
            side="top"
            size="small"
          />
          <IconButton
            aria-pressed={comparing}
            icon="compare"
            label="Hold to compare with before"
            onBlur={() => actions.compare(false)}
            onContextMenu={(event) => event.preventDefault()}
            onKeyDown={(event) => {
              if (event.key === ' ' || event.key === 'Enter') {
                event.preventDefault();
                event.stopPropagation();
                actions.compare(!comparing);
              }
            }}
            onPointerCancel={() => actions.compare(false)}
            onPointerDown={() => actions.compare(true)}
            onPointerLeave={() => actions.compare(false)}
            onPointerUp={() => actions.compare(false)}
            shortcut="X"
            side="top"
            size="small"
          />
          <span className="flex-1" />
          {readOnly ? null : (
            <>
              <IconButton
                danger
                icon="trash"
                label="Discard this picture"
                onClick={() => actions.discard(current.id)}
                shortcut="Backspace"
                side="top"
                size="small"
              />
              {candidates.length < 2 ? null : (
                <Menu
                  entries={[
                    {
                      id: 'discard-all',
                      label: `Discard all ${candidates.length}`,
                      icon: 'trash',
                      danger: true,
                      onSelect: actions.discardAll,
                    },
                  ]}
                  side="top"
                  trigger={<IconButton icon="more" label="More for these pictures" side="top" size="small" />}
                />
              )}
              <Button icon="check" kind="primary" onClick={() => actions.accept(current.id)} size="small">
                Keep
              </Button>
            </>
          )}
        </div>
      )}
    </section>
  );
}

/**
 * The same actions; when one takes away what had the focus, the picture that is looked at next gets it, or the stage,
 * where the kept one is selected.
 */
function keepingFocus(actions: StripActions, row: RefObject<HTMLElement | null>): StripActions {
  const settle = () =>
    requestAnimationFrame(() => {
      if (document.activeElement !== null && document.activeElement !== document.body) return;
      const next = row.current?.querySelector<HTMLElement>('[aria-selected="true"]');
      if (next == null) focusStage();
      else next.focus({ preventScroll: true });
    });
  return {
    ...actions,
    accept(id) {
      actions.accept(id);
      settle();
    },
    discard(id) {
      actions.discard(id);
      settle();
    },
    discardAll() {
      actions.discardAll();
      settle();
    },
  };
}

/** The id `step` places on, going round at the ends; null when there is none. */
export function neighbour(
  candidates: readonly { readonly id: string }[],
  at: number,
  step: -1 | 1,
): string | null {
  if (candidates.length === 0) return null;
  const next = at < 0 ? (step === 1 ? 0 : candidates.length - 1) : at + step;
  return candidates[(next + candidates.length) % candidates.length]?.id ?? null;
}

/**
 * While a picture is looked at, arrows, X, Enter, Backspace and Escape belong to the strip, before the canvas's own
 * shortcuts see them. Text fields, menus and dialogs keep their keys.
 */
function useStripKeys({
  candidates,
  at,
  readOnly,
  actions,
}: {
  readonly candidates: readonly StripCandidate[];
  readonly at: number;
  readonly readOnly: boolean;
  readonly actions: StripActions;
}) {
  const latest = useRef({ candidates, at, readOnly, actions });
  useEffect(() => {
    latest.current = { candidates, at, readOnly, actions };
  });
  const active = at >= 0;
  useEffect(() => {
    if (!active) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.metaKey || event.ctrlKey || event.altKey || ownsKeys(event.target)) return;
      const { candidates: all, at: here, readOnly: fixed, actions: act } = latest.current;
      const current = all[here];
      if (current === undefined) return;
      switch (event.key) {
        case 'ArrowLeft':
          act.look(neighbour(all, here, -1));
          break;
        case 'ArrowRight':
          act.look(neighbour(all, here, 1));
          break;
        case 'x':
        case 'X':
          if (!event.repeat) act.compare(true);
          break;
        case 'Enter':
          // Enter on a button presses that button.
          if (fixed || (event.target instanceof HTMLButtonElement && event.target.role !== 'option')) return;
          act.accept(current.id);
          break;
        case 'Backspace':
        case 'Delete':
          if (fixed) return;
          act.discard(current.id);
          break;
        case 'Escape':
          act.look(null);
          break;
        default:
          return;
      }
      event.preventDefault();
      event.stopPropagation();
    }
    function onKeyUp(event: KeyboardEvent) {
      if (event.key === 'x' || event.key === 'X') latest.current.actions.compare(false);
    }
    function onBlur() {
      latest.current.actions.compare(false);
    }
    window.addEventListener('keydown', onKeyDown, { capture: true });
    window.addEventListener('keyup', onKeyUp, { capture: true });
    window.addEventListener('blur', onBlur);
    return () => {
      window.removeEventListener('keydown', onKeyDown, { capture: true });
      window.removeEventListener('keyup', onKeyUp, { capture: true });
      window.removeEventListener('blur', onBlur);
    };
  }, [active]);
}

function ownsKeys(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest(
      'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="slider"], [role="radiogroup"], [role="tablist"], [role="tree"]',
    ) !== null
  );
}
