'use client';

import { describeDuration } from '../../_ui/age.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { Button } from '../../_ui/button.tsx';
import { EmptyState } from '../../_ui/empty-state.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { Progress } from '../../_ui/progress.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';
import { modeVerb } from '../history/mode-words.ts';
import { type Generation, modeOf, wordsOf } from '../history/view.ts';
import type { LiveProgress, QueueItem } from './view.ts';

interface QueueActions {
  readonly cancel: (generationId: string) => void;
  readonly pause: (generationId: string) => void;
  readonly resume: (generationId: string) => void;
  readonly moveToFront: (generationId: string) => void;
  readonly retry: (generationId: string) => void;
  readonly dismiss: (generationId: string) => void;
}

/** What the team waits for, in the order it will be made; what failed, with the reason and a way on. */
export function QueueList({
  items,
  failed,
  progress,
  readOnly,
  actions,
}: {
  readonly items: readonly QueueItem[];
  readonly failed: readonly Generation[];
  readonly progress: ReadonlyMap<string, LiveProgress>;
  readonly readOnly: boolean;
  readonly actions: QueueActions;
}) {
  if (items.length + failed.length === 0) {
    return (
      <EmptyState className="px-4 pt-3 pb-5" title="Nothing is waiting">
        Press Generate and the team’s pictures line up here. They carry on if you close this page.
      </EmptyState>
    );
  }
  const firstWaiting = items.find((item) => item.place.state === 'queued')?.generation.id;
  return (
    <ul className="flex flex-col">
      {items.map((item) => (
        <li className="border-t px-4 py-3 first:border-t-0" key={item.generation.id}>
          <WaitingEntry
            actions={actions}
            isFirst={item.generation.id === firstWaiting}
            item={item}
            progress={progress.get(item.generation.id)}
            readOnly={readOnly}
          />
        </li>
      ))}
      {failed.map((generation) => (
        <li className="border-t px-4 py-3 first:border-t-0" key={generation.id}>
          <FailedEntry actions={actions} generation={generation} readOnly={readOnly} />
        </li>
      ))}
    </ul>
  );
}

function WaitingEntry({
  item,
  progress,
  isFirst,
  readOnly,
  actions,
}: {
  readonly item: QueueItem;
  readonly progress: LiveProgress | undefined;
  /** The next of the team's. */
  readonly isFirst: boolean;
  readonly readOnly: boolean;
  readonly actions: QueueActions;
}) {
  const { generation, place } = item;
  const words = wordsOf(generation) || modeVerb(modeOf(generation));
  const mayMove = place.state === 'queued' && !isFirst && !readOnly;
  const mayPause = place.state === 'queued' && item.mayCancel;
  const entries: readonly MenuEntry[] = [
    ...(mayMove
      ? [
          {
            id: 'front',
            label: 'Move to the front',
            icon: 'chevron-up' as const,
            onSelect: () => actions.moveToFront(generation.id),
          },
        ]
      : []),
    ...(mayPause
      ? [
          {
            id: 'pause',
            label: 'Pause',
            icon: 'pause' as const,
            onSelect: () => actions.pause(generation.id),
          },
        ]
      : []),
  ];
  return (
    <article className="flex gap-3">
      <EntryPicture generation={generation} preview={progress?.preview ?? null} />
      <div className="min-w-0 flex-1">
        <EntryWords generation={generation} />
        <EntryState item={item} progress={progress} />
        {place.state === 'paused' && item.mayCancel ? (
          <Button className="mt-2" icon="play" onClick={() => actions.resume(generation.id)} size="small">
            Resume
          </Button>
        ) : null}
      </div>
      <div className="-mt-0.5 -mr-2 flex shrink-0">
        {entries.length === 0 ? null : (
          <Menu
            entries={entries}
            trigger={<IconButton hint="More" icon="more" label={`More for: ${words}`} size="small" />}
          />
        )}
        {item.mayCancel ? (
          <IconButton
            hint="Cancel"
            icon="close"
            label={`Cancel: ${words}`}
            onClick={() => actions.cancel(generation.id)}
            size="small"
          />
        ) : null}
      </div>
    </article>
  );
}

function FailedEntry({
  generation,
  readOnly,
  actions,
}: {
  readonly generation: Generation;
  readonly readOnly: boolean;
  readonly actions: QueueActions;
}) {
  return (
    <article className="flex gap-3">
      <EntryPicture generation={generation} preview={null} />
      <div className="min-w-0 flex-1">
        <EntryWords generation={generation} />
        <p className="mt-1 flex gap-1.5 text-12 text-danger-text">
          <Icon className="mt-px" name="warning" />
          <span className="min-w-0 break-words">
            {generation.error?.message ?? 'It did not work.'} {generation.error?.fix}
          </span>
        </p>
        {readOnly ? null : (
          <div className="mt-2 flex gap-2">
            <Button icon="retry" onClick={() => actions.retry(generation.id)} size="small">
              Try again
            </Button>
            <Button kind="quiet" onClick={() => actions.dismiss(generation.id)} size="small">
              Dismiss
            </Button>
          </div>
        )}
      </div>
    </article>
  );
}

function EntryPicture({
  generation,
  preview,
}: {
  readonly generation: Generation;
  readonly preview: string | null;
}) {
  const { requestedBy } = generation;
  return preview === null ? (
    <Avatar
      className="mt-0.5"
      label={requestedBy.name}
      name={requestedBy.name}
      size={24}
      userId={requestedBy.id}
    />
  ) : (
    <img
      alt="What it looks like so far"
      className="mt-0.5 size-10 rounded-small object-cover"
      src={preview}
    />
  );
}

function EntryWords({ generation }: { readonly generation: Generation }) {
  const count = generation.request?.count ?? 1;
  return (
    <>
      <p className="line-clamp-2 text-13 break-words">
        {wordsOf(generation) || modeVerb(modeOf(generation))}
      </p>
      <p className="text-12 text-ink-soft">
        {generation.requestedBy.name}
        {count > 1 ? `, ${count} pictures` : ''}, <RelativeTime at={generation.createdAt} />
      </p>
    </>
  );
}

function EntryState({
  item,
  progress,
}: {
  readonly item: QueueItem;
  readonly progress: LiveProgress | undefined;
}) {
  const { place, generation } = item;
  if (place.state === 'running') {
    const steps = progress?.steps ?? generation.steps;
    const step = progress?.step ?? generation.step;
    const remaining = progress?.remainingMs ?? place.remainingMs;
    return (
      <div className="mt-1.5 flex items-center gap-2">
        <Progress label="Progress" value={steps === 0 ? null : step / steps} />
        <span className="shrink-0 text-12 text-ink-soft">
          {remaining === null ? 'Working' : `${describeDuration(remaining)} left`}
        </span>
      </div>
    );
  }
  if (place.state === 'paused') {
    return <p className="text-12 text-ink-faint">Paused</p>;
  }
  if (!place.isServed) {
    return (
      <p className="text-12 text-notice-text">
        No worker is running that can make this. It starts as soon as one does.
      </p>
    );
  }
  return (
    <p className="text-12 text-ink-faint">
      {place.position === 1 ? 'Next' : `Place ${place.position}`}
      {place.startsInMs === null ? '' : `, starts in about ${describeDuration(place.startsInMs)}`}
    </p>
  );
}
