'use client';

import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { linkLifeMs } from '../link-life.ts';
import { LoadProblem } from '../load-problem.tsx';
import { HistoryRiver, HistorySkeleton } from './history-river.tsx';
import { RecipeDialog } from './recipe-dialog.tsx';
import { useRecipeActions } from './use-recipe-actions.ts';
import { outputsOf } from './view.ts';

/** Every picture that was made on this canvas; opening one shows its recipe. */
export function HistoryPanel() {
  const { organizationId, canvasId, readOnly } = useCanvas();
  const trpc = useTRPC();
  const [opened, setOpened] = useState<{ readonly generationId: string; readonly outputId: string } | null>(
    null,
  );
  const history = useInfiniteQuery(
    trpc.generations.history.infiniteQueryOptions(
      { organizationId, canvasId, state: 'succeeded', limit: 20 },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: linkLifeMs },
    ),
  );
  const actions = useRecipeActions({ onDone: () => setOpened(null) });

  if (history.data === undefined) {
    return history.error === null ? (
      <HistorySkeleton />
    ) : (
      <LoadProblem className="p-4" error={history.error} onRetry={() => void history.refetch()} />
    );
  }
  const generations = history.data.pages
    .flatMap((page) => page.items)
    .filter((generation) => outputsOf(generation).length > 0);
  const generation = generations.find((candidate) => candidate.id === opened?.generationId);
  const output = generation?.outputs.find((candidate) => candidate.id === opened?.outputId);
  return (
    <>
      <HistoryRiver
        generations={generations}
        more={
          history.hasNextPage
            ? { busy: history.isFetchingNextPage, load: () => void history.fetchNextPage() }
            : null
        }
        onOpen={(picked, outputId) => setOpened({ generationId: picked.id, outputId })}
      />
      {generation === undefined || output === undefined ? null : (
        <RecipeDialog
          actions={actions}
          generation={generation}
          onClose={() => setOpened(null)}
          onSelect={(outputId) => setOpened({ generationId: generation.id, outputId })}
          output={output}
          readOnly={readOnly}
        />
      )}
    </>
  );
}
