'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTRPC, useTRPCClient } from '../../_client/trpc.ts';
import { useProblem } from '../use-problem.ts';

/** Makes a canvas of an example in a project, and the project too when there is none yet; then goes to the canvas. */
export function useOpenExample(organizationId: string, projectId: string | null) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const router = useRouter();
  const queryClient = useQueryClient();
  const showProblem = useProblem();
  const open = useMutation({
    mutationFn: async (exampleId: string) => {
      const target =
        projectId ??
        (await client.projects.create.mutate({ organizationId, name: 'First project' })).projectId;
      return client.examples.open.mutate({ projectId: target, exampleId });
    },
    onSuccess: ({ canvasId }) => {
      void queryClient.invalidateQueries(trpc.projects.pathFilter());
      router.push(`/canvas/${canvasId}`);
    },
    onError: showProblem,
  });
  return {
    /** Null, or the example that is on its way; it stays so until the page has gone. */
    openingId: open.isPending || open.isSuccess ? open.variables : null,
    open: open.mutate,
  };
}
