'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { rootsOf } from '../../../shared/document/canvas.ts';
import type { Reference } from '../../../shared/document/schema.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { applyCommands } from '../../_editor/core/editor.ts';
import { useCanvasModel, useEditor } from '../../_editor/ui/editor-context.ts';
import { useToast } from '../../_ui/toast.tsx';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { replaceText, useChangeSettings } from '../canvas/use-document-settings.ts';
import { useProblem } from '../use-problem.ts';
import { referenceFrom, settingsFrom } from './recipe-settings.ts';
import type { RecipeActions } from './recipe-dialog.tsx';

/** What can be done with a picture of the history. Each of them can be taken back from its message. */
export function useRecipeActions({ onDone }: { readonly onDone: () => void }): RecipeActions {
  const { connection, organizationId } = useCanvas();
  const { settings, reference } = useCanvasModel();
  const editor = useEditor();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();
  const change = useChangeSettings(connection.doc);

  function refresh() {
    void queryClient.invalidateQueries(trpc.generations.queue.queryFilter({ organizationId }));
    void queryClient.invalidateQueries(trpc.generations.history.pathFilter());
  }
  const runAgain = useMutation(
    trpc.generations.runAgain.mutationOptions({
      onSuccess: () => {
        refresh();
        onDone();
        toast({ text: 'Asked for it again. It waits in the queue.' });
      },
      onError: showProblem,
    }),
  );
  const restore = useMutation(
    trpc.generations.restore.mutationOptions({ onSuccess: refresh, onError: showProblem }),
  );
  const remove = useMutation(
    trpc.generations.remove.mutationOptions({
      onSuccess: (_, input) => {
        refresh();
        onDone();
        toast({
          text: 'The picture is in the trash.',
          action: { label: 'Undo', onSelect: () => restore.mutate(input) },
        });
      },
      onError: showProblem,
    }),
  );

  function setReference(next: Reference | null) {
    if (next === null) {
      applyCommands(editor, 'Remove reference', [{ type: 'set-reference', picture: null }]);
      return;
    }
    const { strength, ...picture } = next;
    applyCommands(editor, 'Use as reference', [
      { type: 'set-reference', picture },
      { type: 'set-reference-strength', strength },
    ]);
  }

  return {
    applySettings({ recipe }) {
      if (recipe === null) return;
      const { prompt, negativePrompt } = rootsOf(connection.doc);
      const before = { prompt: prompt.toString(), negativePrompt: negativePrompt.toString(), settings };
      replaceText(prompt, recipe.prompt);
      replaceText(negativePrompt, recipe.negativePrompt);
      change(settingsFrom(recipe, settings));
      setReference(referenceFrom(recipe, reference));
      onDone();
      toast({
        text: 'The words and settings of that picture are on the canvas.',
        action: {
          label: 'Undo',
          onSelect: () => {
            replaceText(prompt, before.prompt);
            replaceText(negativePrompt, before.negativePrompt);
            change(before.settings);
            setReference(reference);
          },
        },
      });
    },
    lockSeed({ seed }) {
      const before = settings.seed;
      change({ seed });
      onDone();
      toast({
        text: `The seed is locked to ${seed}.`,
        action: { label: 'Undo', onSelect: () => change({ seed: before }) },
      });
    },
    runAgain: (generation, output) =>
      runAgain.mutate({ generationId: generation.id, outputId: output.id, seed: 'same' }),
    variation: (generation, output) =>
      runAgain.mutate({ generationId: generation.id, outputId: output.id, seed: 'new' }),
    moveToTrash: (generation, output) => remove.mutate({ generationId: generation.id, outputId: output.id }),
  };
}
