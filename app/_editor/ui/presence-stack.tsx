'use client';

import { useMemo, useSyncExternalStore } from 'react';
import type { PersonColor } from '../../../shared/color/person-color.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { classNames } from '../../_ui/class-names.ts';
import { Icon } from '../../_ui/icon.tsx';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { Tooltip } from '../../_ui/tooltip.tsx';
import type { Editor } from '../core/editor.ts';
import type { Peer } from '../core/presence-port.ts';
import type { Readable } from '../core/store.ts';
import { useEditor, useReadable } from './editor-context.ts';

/** One person who has the canvas open, whatever the number of their tabs. */
interface Present {
  readonly clientId: number;
  readonly userId: string;
  readonly name: string;
  readonly away: boolean;
  readonly color: PersonColor;
}

/** Who is here: click somebody to see what they see, click again (or move the canvas) to stop. */
export function PresenceStack({ max = 4 }: { readonly max?: number }) {
  const editor = useEditor();
  const people = usePeople(editor);
  const following = useReadable(editor.following);
  const isVisible = useReadable(editor.visible);
  const shown = people.slice(0, max);
  const more = people.slice(max);
  const followed = people.find((person) => person.clientId === following);
  return (
    <div className="flex items-center gap-1">
      <ul aria-label="People on this canvas" className="flex items-center -space-x-1 phone:-space-x-2">
        {shown.map((person) => (
          <li key={person.clientId}>
            <PersonButton isFollowed={person.clientId === following} person={person} />
          </li>
        ))}
        {more.length > 0 ? (
          <li>
            <Menu
              entries={more.map(
                (person): MenuEntry => ({
                  id: String(person.clientId),
                  label: `Follow ${person.name}${person.away ? ' (away)' : ''}`,
                  onSelect: () => follow(editor, person),
                }),
              )}
              trigger={
                <button
                  aria-label={`${more.length} more people`}
                  className="flex size-8 items-center justify-center rounded-full bg-pressed text-12 font-semibold text-ink-soft hover:text-ink coarse:size-11"
                  type="button"
                >
                  +{more.length}
                </button>
              }
            />
          </li>
        ) : null}
        <li>
          <Tooltip label={isVisible ? `${editor.person.name} (you)` : `${editor.person.name} (you, hidden)`}>
            <span
              className={classNames(
                'flex size-8 items-center justify-center rounded-full',
                !isVisible && 'opacity-45',
              )}
            >
              <Avatar
                label={`${editor.person.name}, you`}
                name={editor.person.name}
                size={28}
                userId={editor.person.userId}
              />
            </span>
          </Tooltip>
        </li>
      </ul>
      {followed === undefined ? null : <FollowBanner editor={editor} person={followed} />}
    </div>
  );
}

function PersonButton({ person, isFollowed }: { readonly person: Present; readonly isFollowed: boolean }) {
  const editor = useEditor();
  const label = isFollowed
    ? `Stop following ${person.name}`
    : `Follow ${person.name}${person.away ? ', who is away' : ''}`;
  return (
    <Tooltip label={label}>
      <button
        aria-label={label}
        aria-pressed={isFollowed}
        className="flex size-8 items-center justify-center rounded-full coarse:size-11"
        onClick={() => (isFollowed ? editor.following.set(null) : follow(editor, person))}
        type="button"
      >
        <span
          className={classNames('flex rounded-full', person.away && 'opacity-45 grayscale')}
          style={{
            boxShadow: isFollowed
              ? `0 0 0 2px var(--surface), 0 0 0 4px ${person.color.color}`
              : '0 0 0 2px var(--surface)',
          }}
        >
          <Avatar color={person.color} name={person.name} size={28} userId={person.userId} />
        </span>
      </button>
    </Tooltip>
  );
}

/** A border in their colour round the whole canvas, so that nobody wonders why it moves by itself. */
function FollowBanner({ editor, person }: { readonly editor: Editor; readonly person: Present }) {
  const { color, ink } = person.color;
  return (
    <>
      <span
        aria-hidden="true"
        className="pointer-events-none fixed inset-0 z-20"
        style={{ boxShadow: `inset 0 0 0 3px ${color}` }}
      />
      <button
        className="fixed bottom-4 left-1/2 z-20 flex h-8 -translate-x-1/2 animate-enter items-center gap-1.5 rounded-full px-3 text-13 font-medium shadow-float phone:bottom-24 coarse:h-11"
        onClick={() => editor.following.set(null)}
        style={{ background: color, color: ink }}
        type="button"
      >
        Following {person.name}
        <Icon name="close" />
        <span className="sr-only">Stop</span>
      </button>
    </>
  );
}

function follow(editor: Editor, person: Present): void {
  editor.following.set(person.clientId);
  editor.announcement.set(`Following ${person.name}.`);
}

/** The people, without what moves 20 times a second: this draws again only when somebody comes, goes or steps away. */
function usePeople(editor: Editor): readonly Present[] {
  const people = useMemo(() => derivePeople(editor.presence.peers, editor.person.userId), [editor]);
  return useSyncExternalStore(people.subscribe, people.get, people.get);
}

function derivePeople(peers: Readable<readonly Peer[]>, ownId: string): Readable<readonly Present[]> {
  let known: readonly Present[] = [];
  let text = '[]';
  return {
    get() {
      const byUser = new Map<string, Present>();
      for (const { clientId, userId, name, away, color } of peers.get()) {
        const before = byUser.get(userId);
        // Of several tabs of one person the first that is in use counts; one's own other tabs do not.
        if (userId === ownId || (before !== undefined && (!before.away || away))) continue;
        byUser.set(userId, { clientId, userId, name, away, color });
      }
      const next = [...byUser.values()];
      const nextText = JSON.stringify(next);
      if (nextText !== text) {
        text = nextText;
        known = next;
      }
      return known;
    },
    subscribe: peers.subscribe,
  };
}
