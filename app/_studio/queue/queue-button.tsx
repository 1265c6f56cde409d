'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { PopoverPanel } from '../../_ui/popover.tsx';
import { Skeleton } from '../../_ui/skeleton.tsx';
import { useToast } from '../../_ui/toast.tsx';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { useProblem } from '../use-problem.ts';
import { QueueList } from './queue-list.tsx';

/** How much the team waits for, and behind it the queue itself. */
export function QueueButton() {
  const { feed, organizationId, readOnly } = useCanvas();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();
  const [open, setOpen] = useState(false);

  function refresh() {
    void queryClient.invalidateQueries(trpc.generations.queue.queryFilter({ organizationId }));
    void queryClient.invalidateQueries(trpc.generations.history.pathFilter());
  }
  const options = { onSuccess: refresh, onError: showProblem };
  const retry = useMutation(trpc.generations.retry.mutationOptions(options));
  const restore = useMutation(trpc.generations.restore.mutationOptions(options));
  const cancel = useMutation(
    trpc.generations.cancel.mutationOptions({
      onSuccess: (_, { generationId }) => {
        refresh();
        toast({
          text: 'Cancelled.',
          action: { label: 'Undo', onSelect: () => retry.mutate({ generationId }) },
        });
      },
      onError: showProblem,
    }),
  );
  const pause = useMutation(trpc.generations.pause.mutationOptions(options));
  const resume = useMutation(trpc.generations.resume.mutationOptions(options));
  const moveToFront = useMutation(trpc.generations.moveToFront.mutationOptions(options));
  const dismiss = useMutation(
    trpc.generations.remove.mutationOptions({
      onSuccess: (_, { generationId }) => {
        refresh();
        toast({
          text: 'Moved to the trash.',
          action: { label: 'Undo', onSelect: () => restore.mutate({ generationId }) },
        });
      },
      onError: showProblem,
    }),
  );

  const count = feed.queue?.length ?? 0;
  const failures = feed.failed.length;
  const label = failures > 0 ? `${failures} failed` : count > 0 ? String(count) : null;
  return (
    <PopoverPanel
      onOpenChange={setOpen}
      open={open}
      title="Queue"
      trigger={
        <Button
          aria-label={`Queue: ${count} unfinished${failures > 0 ? `, ${failures} failed` : ''}`}
          icon={failures > 0 ? 'warning' : 'queue'}
          kind={failures > 0 ? 'quiet-danger' : 'quiet'}
        >
          <span className="max-sm:hidden">Queue</span>
          {label === null ? null : <span className="text-ink-soft">{label}</span>}
        </Button>
      }
    >
      {feed.queue === undefined ? (
        <div className="flex flex-col gap-3 p-4">
          <Skeleton className="h-10 w-full" />
        </div>
      ) : (
        <QueueList
          actions={{
            cancel: (generationId) => cancel.mutate({ generationId }),
            pause: (generationId) => pause.mutate({ generationId }),
            resume: (generationId) => resume.mutate({ generationId }),
            moveToFront: (generationId) => moveToFront.mutate({ generationId }),
            retry: (generationId) => retry.mutate({ generationId }),
            dismiss: (generationId) => dismiss.mutate({ generationId }),
          }}
          failed={feed.failed}
          items={feed.queue}
          progress={feed.progress}
          readOnly={readOnly}
        />
      )}
    </PopoverPanel>
  );
}
