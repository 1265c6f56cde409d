'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTRPC, useTRPCClient } from '../../_client/trpc.ts';
import { useToast } from '../../_ui/toast.tsx';
import { useProblem } from '../use-problem.ts';

/** Everything that can be done to projects and canvases from the home page and the trash. */
export function useHomeActions(organizationId: string) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const router = useRouter();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();

  function refresh() {
    return queryClient.invalidateQueries(trpc.projects.pathFilter());
  }
  const settled = { onSuccess: refresh, onError: showProblem };

  const renameCanvas = useMutation(trpc.canvases.rename.mutationOptions(settled));
  const duplicateCanvas = useMutation(trpc.canvases.duplicate.mutationOptions(settled));
  const restoreCanvas = useMutation(trpc.canvases.restore.mutationOptions(settled));
  const renameProject = useMutation(trpc.projects.rename.mutationOptions(settled));
  const duplicateProject = useMutation(trpc.projects.duplicate.mutationOptions(settled));
  const restoreProject = useMutation(trpc.projects.restore.mutationOptions(settled));
  const createProject = useMutation(trpc.projects.create.mutationOptions(settled));
  const trashCanvas = useMutation(trpc.canvases.moveToTrash.mutationOptions({ onError: showProblem }));
  const trashProject = useMutation(trpc.projects.moveToTrash.mutationOptions({ onError: showProblem }));
  /** Makes the project too when there is none yet, then opens the canvas. */
  const start = useMutation({
    mutationFn: async (first: { readonly prompt: string; readonly projectId: string | null }) => {
      const projectId =
        first.projectId ??
        (await client.projects.create.mutate({ organizationId, name: 'First project' })).projectId;
      return client.canvases.create.mutate({ projectId, prompt: first.prompt });
    },
    onSuccess: ({ canvasId }) => {
      void refresh();
      router.push(`/canvas/${canvasId}`);
    },
    onError: showProblem,
  });

  return {
    busy: start.isPending || start.isSuccess,
    startFirst: start.mutate,
    createCanvas: (projectId: string) => start.mutate({ prompt: '', projectId }),
    renameCanvas: (canvasId: string, name: string) => renameCanvas.mutate({ canvasId, name }),
    duplicateCanvas: (canvasId: string) => duplicateCanvas.mutate({ canvasId }),
    restoreCanvas: (canvasId: string) => restoreCanvas.mutate({ canvasId }),
    trashCanvas: (canvas: { readonly id: string; readonly name: string }) =>
      trashCanvas.mutate(
        { canvasId: canvas.id },
        {
          onSuccess: () => {
            void refresh();
            toast({
              text: `“${canvas.name}” is in the trash.`,
              action: { label: 'Undo', onSelect: () => restoreCanvas.mutate({ canvasId: canvas.id }) },
            });
          },
        },
      ),
    createProject: () => createProject.mutate({ organizationId, name: 'New project' }),
    renameProject: (projectId: string, name: string) => renameProject.mutate({ projectId, name }),
    duplicateProject: (projectId: string) => duplicateProject.mutate({ projectId }),
    restoreProject: (projectId: string) => restoreProject.mutate({ projectId }),
    trashProject: (project: { readonly id: string; readonly name: string }) =>
      trashProject.mutate(
        { projectId: project.id },
        {
          onSuccess: () => {
            void refresh();
            toast({
              text: `“${project.name}” and its canvases are in the trash.`,
              action: { label: 'Undo', onSelect: () => restoreProject.mutate({ projectId: project.id }) },
            });
          },
        },
      ),
  };
}

export type HomeActions = ReturnType<typeof useHomeActions>;
