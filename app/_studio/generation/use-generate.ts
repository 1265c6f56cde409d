'use client';

import { useQuery } from '@tanstack/react-query';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { PackAbilities } from '../../../shared/contracts/abilities.ts';
import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import { countedControls } from '../../../shared/document/controls.ts';
import {
  countedMasks,
  decideMode,
  isPaintedInside,
  pictureCoverage,
  visiblePictures,
} from '../../../shared/document/mode.ts';
import type { CanvasModel } from '../../../shared/document/schema.ts';
import { describeError, type ErrorDescription } from '../../_client/describe-error.ts';
import { useTRPC, useTRPCClient } from '../../_client/trpc.ts';
import { useCanvasModel, useEditor, useReadable } from '../../_editor/ui/editor-context.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { estimateMs } from './estimate.ts';
import { useAbilities } from './use-abilities.ts';
import type { GenerateState, Outlook } from './generate-button.tsx';

export interface Generate {
  /** What the press will do. */
  readonly mode: GenerationMode;
  /** Whether an edit by instruction is worth offering: the pack can, and there is a picture under the frame. */
  readonly offersInstruct: boolean;
  /** What the pack can do beside painting; null until known. */
  readonly abilities: PackAbilities | null;
  readonly state: GenerateState;
  readonly outlook: Outlook;
  readonly problem: ErrorDescription | null;
  readonly press: () => void;
}

/** Everything behind the Generate button: what it will do, whether it can, how long it takes, and doing it. */
export function useGenerate(): Generate {
  const { canvasId, organizationId, readOnly, connection, feed } = useCanvas();
  const trpc = useTRPC();
  const client = useTRPCClient();
  const editor = useEditor();
  const model = useDeferredValue(useCanvasModel());
  const status = useReadable(connection.status);
  const [busy, setBusy] = useState<'Saving' | 'Asking' | null>(null);
  const [problem, setProblem] = useState<ErrorDescription | null>(null);
  const samples = useQuery(
    trpc.generations.history.queryOptions({ organizationId, state: 'succeeded', limit: 12 }),
  );

  const { settings, layers, frame } = model;
  const abilities = useAbilities(settings.pack);
  const canInstruct = abilities?.instruct ?? null;
  // Counting what lies under the frame costs a few milliseconds, so only when one of these changed.
  const { mode, maps, refusal, offersInstruct } = useMemo(() => {
    const canvas: CanvasModel = { ...emptyCanvas, settings, layers, frame };
    const decided = decideMode(canvas, { mode: settings.mode, maskLayerIds: [] });
    return {
      mode: decided,
      maps: decided === 'instruct' ? 0 : countedControls(canvas).length,
      refusal:
        decided === 'instruct' && canInstruct === false
          ? 'This model does not edit by instruction. Choose something else for the button to do.'
          : settings.mode === 'auto'
            ? null
            : contradiction(canvas, decided),
      offersInstruct: canInstruct === true && pictureCoverage(visiblePictures(canvas), frame) > 0,
    };
  }, [settings, layers, frame, canInstruct]);

  const state: GenerateState =
    busy !== null
      ? { kind: 'busy', what: busy }
      : readOnly
        ? { kind: 'blocked', reason: 'Viewers look and follow. An owner of the team can make you an editor.' }
        : status.kind === 'offline'
          ? {
              kind: 'blocked',
              reason: 'You are offline. Your edits are kept; generating needs the connection.',
            }
          : refusal !== null
            ? { kind: 'blocked', reason: refusal }
            : mode === 'text-to-image' && model.prompt.trim() === ''
              ? { kind: 'blocked', reason: 'Say in a few words what to paint.' }
              : mode === 'instruct' && model.prompt.trim() === ''
                ? { kind: 'blocked', reason: 'Say in a few words what to change.' }
                : { kind: 'ready' };

  const outlook = useMemo<Outlook>(
    () => ({
      estimateMs: estimateMs(samples.data?.items ?? [], settings, {
        mode,
        width: frame[2],
        height: frame[3],
        maps,
      }),
      ahead: (feed.queue ?? []).filter((item) => item.place.state !== 'paused').length,
    }),
    [samples.data, settings, frame, mode, maps, feed.queue],
  );

  const ready = state.kind === 'ready';
  const press = useCallback(() => {
    if (!ready) return;
    async function run() {
      setProblem(null);
      setBusy('Saving');
      try {
        await connection.whenSaved();
        setBusy('Asking');
        await client.generations.request.mutate({ canvasId });
        editor.announcement.set('Asked for new pictures. They wait in the queue.');
      } catch (error) {
        setProblem(describeError(error));
      } finally {
        setBusy(null);
      }
    }
    void run();
  }, [ready, connection, client, canvasId, editor]);

  return { mode, offersInstruct, abilities, state, outlook, problem, press };
}

const emptyCanvas: Pick<CanvasModel, 'prompt' | 'negativePrompt' | 'candidates' | 'reference'> = {
  reference: null,
  prompt: '',
  negativePrompt: '',
  candidates: [],
};

/** Why a chosen mode cannot work on this canvas; null when it can. The server refuses the same. */
function contradiction(canvas: CanvasModel, mode: GenerationMode): string | null {
  if (mode === 'text-to-image') return null;
  const covered = pictureCoverage(visiblePictures(canvas), canvas.frame);
  if (covered === 0) return 'There is no picture under the frame to start from. Move the frame over one.';
  if (mode === 'extend' && covered === 1) {
    return 'The frame is full of picture already. Move it over the edge of one to extend it.';
  }
  if (mode === 'inpaint' && !countedMasks(canvas, []).some((mask) => isPaintedInside(mask, canvas.frame))) {
    return 'Nothing in the frame is masked. Paint over what should change with the brush.';
  }
  return null;
}
