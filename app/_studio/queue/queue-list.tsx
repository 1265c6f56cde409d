'use client';

import { describeDuration } from '../../_ui/age.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { Button } from '../../_ui/button.tsx';
import { EmptyState } from '../../_ui/empty-state.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Progress } from '../../_ui/progress.tsx';
import { modeVerb } from '../history/mode-words.ts';
import type { QueueEntryView } from './view.ts';

export interface QueueActions {
  readonly cancel: (id: string) => void;
  readonly retry: (id: string) => void;
  readonly dismiss: (id: string) => void;
}

/** What the team waits for, in the order it will be made; what failed, with the reason and a way on. */
export function QueueList({
  entries,
  actions,
}: {
  readonly entries: readonly QueueEntryView[];
  readonly actions: QueueActions;
}) {
  if (entries.length === 0) {
    return (
      <EmptyState className="px-4 pt-1 pb-5" title="Nothing is waiting">
        Press Generate and the team’s pictures line up here. They carry on if you close this page.
      </EmptyState>
    );
  }
  return (
    <ol className="flex flex-col">
      {entries.map((entry) => (
        <li className="border-t px-4 py-3 first:border-t-0" key={entry.id}>
          <QueueEntry actions={actions} entry={entry} />
        </li>
      ))}
    </ol>
  );
}

function QueueEntry({ entry, actions }: { readonly entry: QueueEntryView; readonly actions: QueueActions }) {
  return (
    <article className="flex gap-3">
      {entry.preview === null ? (
        <Avatar
          className="mt-0.5"
          label={entry.requestedBy.name}
          name={entry.requestedBy.name}
          size={24}
          userId={entry.requestedBy.id}
        />
      ) : (
        <img alt="" className="mt-0.5 size-10 rounded-small object-cover" src={entry.preview} />
      )}
      <div className="min-w-0 flex-1">
        <p className="line-clamp-2 text-13 break-words">{entry.prompt || modeVerb(entry.mode)}</p>
        <p className="text-12 text-ink-soft">
          {entry.requestedBy.name}
          {entry.count > 1 ? `, ${entry.count} pictures` : ''}
        </p>
        <EntryState entry={entry} />
        {entry.state === 'failed' ? (
          <div className="mt-2 flex gap-2">
            <Button icon="retry" onClick={() => actions.retry(entry.id)} size="small">
              Try again
            </Button>
            <Button kind="quiet" onClick={() => actions.dismiss(entry.id)} size="small">
              Dismiss
            </Button>
          </div>
        ) : null}
      </div>
      {entry.state !== 'failed' && entry.mayCancel ? (
        <IconButton
          className="-mt-0.5 -mr-2"
          icon="close"
          label={`Cancel: ${entry.prompt || modeVerb(entry.mode)}`}
          hint="Cancel"
          onClick={() => actions.cancel(entry.id)}
          size="small"
        />
      ) : null}
    </article>
  );
}

function EntryState({ entry }: { readonly entry: QueueEntryView }) {
  switch (entry.state) {
    case 'running':
      return (
        <div className="mt-1.5 flex items-center gap-2">
          <Progress label="Progress" value={entry.progress} />
          <span className="shrink-0 text-12 text-ink-soft">
            {entry.remainingMs === null ? 'Starting' : `${describeDuration(entry.remainingMs)} left`}
          </span>
        </div>
      );
    case 'queued':
      return (
        <p className="text-12 text-ink-faint">
          {entry.position === null ? 'Waiting' : entry.position === 1 ? 'Next' : `Place ${entry.position}`}
          {entry.remainingMs === null ? '' : `, about ${describeDuration(entry.remainingMs)}`}
        </p>
      );
    case 'failed':
      return (
        <p className="mt-1 flex gap-1.5 text-12 text-danger-text">
          <Icon className="mt-px" name="warning" />
          <span className="break-words">
            {entry.problem?.message ?? 'It did not work.'} {entry.problem?.fix}
          </span>
        </p>
      );
  }
}
