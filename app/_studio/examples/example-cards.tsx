'use client';

import { useQuery } from '@tanstack/react-query';
import { type RouterOutputs, useTRPC } from '../../_client/trpc.ts';
import { classNames } from '../../_ui/class-names.ts';
import { Picture } from '../../_ui/picture.tsx';
import { Spinner } from '../../_ui/progress.tsx';
import { Skeleton } from '../../_ui/skeleton.tsx';
import { LoadProblem } from '../load-problem.tsx';
import { useTeam } from '../team-gate.tsx';
import { useOpenExample } from './use-open-example.ts';

type Example = RouterOutputs['examples']['list'][number];

const gridClass = 'grid gap-2 @lg:grid-cols-2 @lg:gap-3 @4xl:grid-cols-3';

/** The examples, three abreast where there is room; pressing one opens it in the project. */
export function ExampleCards({ projectId }: { readonly projectId: string | null }) {
  const trpc = useTRPC();
  const examples = useQuery(trpc.examples.list.queryOptions());
  const { openingId, open } = useOpenExample(useTeam().id, projectId);
  if (examples.data === undefined) {
    return examples.error === null ? (
      <ExamplesWait />
    ) : (
      <LoadProblem error={examples.error} onRetry={() => void examples.refetch()} />
    );
  }
  const opening = examples.data.find(({ id }) => id === openingId);
  return (
    <div className="@container">
      <ul className={gridClass}>
        {examples.data.map((example) => (
          <ExampleCard
            busy={example === opening}
            example={example}
            key={example.id}
            onOpen={openingId === null ? () => open(example.id) : undefined}
          />
        ))}
      </ul>
      <p className="sr-only" role="status">
        {opening === undefined ? '' : `Opening ${opening.name}`}
      </p>
    </div>
  );
}

/** Lower and plainer than a canvas's card: what it holds is not the team's yet. */
function ExampleCard({
  example,
  busy,
  onOpen,
}: {
  readonly example: Example;
  readonly busy: boolean;
  readonly onOpen: (() => void) | undefined;
}) {
  return (
    <li className="flex min-w-0">
      <button
        aria-busy={busy || undefined}
        aria-disabled={onOpen === undefined || undefined}
        className={classNames(
          'flex w-full items-center gap-3 rounded-control bg-surface p-2 pr-3 text-left shadow-[inset_0_0_0_1px_var(--line)] transition-colors hover:bg-raised hover:shadow-[inset_0_0_0_1px_var(--edge)]',
          onOpen === undefined && !busy && 'opacity-55',
        )}
        onClick={onOpen}
        type="button"
      >
        <Picture alt="" className="size-20 shrink-0 rounded-small" src={example.coverUrl} />
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-2 text-13 font-medium text-ink">
            {example.name}
            {busy ? <Spinner /> : null}
          </span>
          <span className="mt-0.5 block text-12 text-ink-soft">{example.description}</span>
        </span>
      </button>
    </li>
  );
}

function ExamplesWait() {
  return (
    <div className="@container" aria-label="Loading examples" role="status">
      <div className={gridClass}>
        {[0, 1, 2, 3, 4, 5].map((card) => (
          <Skeleton className="h-24" key={card} />
        ))}
      </div>
    </div>
  );
}
