'use client';

import { longestSide } from '../../../shared/contracts/recipe.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { Button } from '../../_ui/button.tsx';
import { classNames } from '../../_ui/class-names.ts';
import { EmptyState } from '../../_ui/empty-state.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';
import { Skeleton } from '../../_ui/skeleton.tsx';
import { type Generation, outputsOf, wordsOf } from './view.ts';

/** Every generation of the canvas, newest first: its pictures, who asked, when, and for what. */
export function HistoryRiver({
  generations,
  more,
  onOpen,
}: {
  readonly generations: readonly Generation[];
  /** Loads older ones; null at the end. */
  readonly more: { readonly busy: boolean; readonly load: () => void } | null;
  readonly onOpen: (generation: Generation, outputId: string) => void;
}) {
  if (generations.length === 0) {
    return (
      <EmptyState className="p-4" title="No pictures yet">
        Every picture made on this canvas is kept here with its complete recipe.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col">
      <ol className="flex flex-col gap-5 p-4">
        {generations.map((generation) => (
          <li key={generation.id}>
            <GenerationEntry generation={generation} onOpen={onOpen} />
          </li>
        ))}
      </ol>
      {more === null ? null : (
        <div className="px-4 pb-6">
          <Button busy={more.busy} className="w-full" onClick={more.load}>
            Show older
          </Button>
        </div>
      )}
    </div>
  );
}

function GenerationEntry({
  generation,
  onOpen,
}: {
  readonly generation: Generation;
  readonly onOpen: (generation: Generation, outputId: string) => void;
}) {
  const { requestedBy } = generation;
  const words = wordsOf(generation);
  const outputs = outputsOf(generation);
  return (
    <article className="flex flex-col gap-2">
      <div
        className={classNames(
          'grid gap-1 overflow-hidden rounded-control',
          outputs.length === 1 ? 'grid-cols-1' : outputs.length <= 4 ? 'grid-cols-2' : 'grid-cols-4',
        )}
      >
        {outputs.map((output, index) => (
          <button
            aria-label={`Open picture ${index + 1} of ${outputs.length}: ${words}`}
            className="outline-offset-[-2px]"
            key={output.id}
            onClick={() => onOpen(generation, output.id)}
            type="button"
          >
            <Picture
              alt=""
              className="aspect-square w-full transition-[filter] hover:brightness-95"
              height={output.height}
              src={outputs.length === 1 && output.width <= longestSide ? output.url : output.thumbnailUrl}
              width={output.width}
            />
          </button>
        ))}
      </div>
      <div className="flex gap-2">
        <Avatar className="mt-0.5" name={requestedBy.name} size={20} userId={requestedBy.id} />
        <div className="min-w-0 flex-1">
          <p className="line-clamp-2 text-13 break-words text-ink">{words || 'No words'}</p>
          <p className="flex gap-1 text-12 text-ink-faint">
            <span className="truncate">{requestedBy.name}</span>
            <span aria-hidden="true">·</span>
            <RelativeTime at={generation.createdAt} className="shrink-0" />
          </p>
        </div>
      </div>
    </article>
  );
}

/** The shape of the river before it is known. */
export function HistorySkeleton() {
  return (
    <div aria-label="Loading history" className="flex flex-col gap-5 p-4" role="status">
      {[0, 1, 2].map((row) => (
        <div className="flex flex-col gap-2" key={row}>
          <Skeleton className="aspect-2/1 w-full" />
          <Skeleton className="h-4 w-3/4" />
        </div>
      ))}
    </div>
  );
}
