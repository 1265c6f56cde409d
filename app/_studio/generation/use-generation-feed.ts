'use client';

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSubscription } from '@trpc/tanstack-react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import type { Generation } from '../history/view.ts';
import type { LiveProgress, QueueItem } from '../queue/view.ts';

export interface GenerationFeed {
  /** Unfinished generations of the team, next first; undefined until known. */
  readonly queue: readonly QueueItem[] | undefined;
  /** Failed ones of this canvas, newest first. */
  readonly failed: readonly Generation[];
  /** What running ones last said, by generation id. */
  readonly progress: ReadonlyMap<string, LiveProgress>;
}

/** A failure older than this is history, not news. */
const newsworthyMs = 24 * 60 * 60_000;

/**
 * The team's queue and the live progress of what runs on this canvas. Everybody who has the canvas open gets the same
 * events, and a page that was just opened finds out from the lists.
 */
export function useGenerationFeed(
  canvas: { readonly organizationId: string; readonly canvasId: string },
  onSettled: (event: {
    readonly generationId: string;
    readonly state: 'succeeded' | 'failed' | 'cancelled';
  }) => void,
): GenerationFeed {
  const { organizationId, canvasId } = canvas;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [progress, setProgress] = useState<ReadonlyMap<string, LiveProgress>>(new Map());
  const settled = useRef(onSettled);
  useEffect(() => {
    settled.current = onSettled;
  });

  const queueOptions = trpc.generations.queue.queryOptions(
    { organizationId },
    // The events say when to look; this is for places and estimates that change with time.
    { refetchInterval: (query) => ((query.state.data?.length ?? 0) > 0 ? 5_000 : 60_000) },
  );
  const queue = useQuery(queueOptions);
  const failed = useQuery(
    trpc.generations.history.queryOptions({ organizationId, canvasId, state: 'failed', limit: 5 }),
  );

  function readAgain() {
    void queryClient.invalidateQueries(trpc.generations.queue.queryFilter({ organizationId }));
    void queryClient.invalidateQueries(trpc.generations.history.pathFilter());
  }

  useSubscription(
    trpc.generations.events.subscriptionOptions(
      { organizationId, canvasId: null },
      {
        onData: (event) => {
          switch (event.kind) {
            case 'resync':
              readAgain();
              break;
            case 'queued':
              void queryClient.invalidateQueries(trpc.generations.queue.queryFilter({ organizationId }));
              break;
            case 'progress':
              setProgress((before) =>
                new Map(before).set(event.generationId, {
                  step: event.step,
                  steps: event.steps,
                  remainingMs: event.remainingMs,
                  preview:
                    event.preview === null
                      ? (before.get(event.generationId)?.preview ?? null)
                      : `data:image/webp;base64,${event.preview}`,
                }),
              );
              break;
            case 'settled':
              // Together with its progress, so that the last preview stays until the picture takes its place.
              if (event.state === 'succeeded')
                queryClient.setQueryData(trpc.generations.queue.queryKey({ organizationId }), (before) =>
                  before?.filter(({ generation }) => generation.id !== event.generationId),
                );
              setProgress((before) => {
                const after = new Map(before);
                after.delete(event.generationId);
                return after;
              });
              readAgain();
              if (event.canvasId === canvasId) settled.current(event);
              break;
          }
        },
      },
    ),
  );

  const waiting = queue.data;
  const failures = failed.data;
  return useMemo(
    () => ({
      queue: waiting,
      failed: (failures?.items ?? []).filter(
        (generation) => Date.now() - generation.createdAt.getTime() < newsworthyMs,
      ),
      progress,
    }),
    [waiting, failures, progress],
  );
}
