'use client';

import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type Candidate, layerIdSchema, type OutputId } from '../../../shared/document/schema.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { useCanvasModel, useEditor, useReadable } from '../../_editor/ui/editor-context.ts';
import type { CandidateView } from '../../_editor/render/scene-state.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { linkLifeMs } from '../link-life.ts';
import { useUser } from '../session-gate.tsx';
import { neighbour, type StripActions, type StripCandidate } from './candidate-strip.tsx';

export interface CandidatesState {
  readonly candidates: readonly StripCandidate[];
  readonly lookedAt: OutputId | null;
  readonly comparing: boolean;
  readonly actions: StripActions;
  /** What the stage shows in the frame's place: the looked-at picture, unless "before" is held. */
  readonly view: CandidateView | null;
}

/** The staging strip: which pictures wait, which one this person looks at, and what can be done with them. */
export function useCandidates(): CandidatesState {
  const { canvasId, nameOf, readOnly } = useCanvas();
  const trpc = useTRPC();
  const user = useUser();
  const editor = useEditor();
  const model = useCanvasModel();
  const looking = useReadable(editor.looking);
  const [comparing, setComparing] = useState(false);

  const staged = useMemo(
    () => model.candidates.filter((candidate) => candidate.state === 'staged'),
    [model.candidates],
  );
  const hashes = useMemo(() => [...new Set(staged.map((candidate) => candidate.asset))].sort(), [staged]);
  const links = useQuery(
    trpc.assets.sign.queryOptions(
      { canvasId, hashes },
      {
        enabled: hashes.length > 0,
        staleTime: linkLifeMs,
        refetchInterval: linkLifeMs,
        placeholderData: (before) => before,
      },
    ),
  );
  const urls = links.data;

  const candidates = useMemo(
    () =>
      staged.map((candidate) => ({
        id: candidate.id,
        url: urls?.[candidate.asset] ?? null,
        prompt: candidate.prompt,
        seed: candidate.seed,
        requestedBy: { id: candidate.requestedBy, name: nameOf(candidate.requestedBy) },
      })),
    [staged, urls, nameOf],
  );

  const find = useCallback((id: string | null) => staged.find((candidate) => candidate.id === id), [staged]);
  const current = find(looking);

  // Somebody else decided on the picture that was looked at.
  useEffect(() => {
    if (looking !== null && current === undefined) {
      editor.looking.set(null);
      setComparing(false);
    }
  }, [editor, looking, current]);

  useArrivals(staged, (arrived) => {
    const own = arrived.find((candidate) => candidate.requestedBy === user.id);
    // Who asked for them wants to see them, whatever they looked at meanwhile; who has watched them come, with nothing
    // else in hand, sees what became of the preview.
    const isWatching = editor.looking.get() === null && editor.selection.get().length === 0;
    const shown = own ?? (isWatching ? arrived[0] : undefined);
    if (shown !== undefined && !comparing) {
      editor.selection.set([]);
      editor.looking.set(shown.id);
    }
    const count = arrived.length === 1 ? 'A new picture' : `${arrived.length} new pictures`;
    const asker = arrived[0]?.requestedBy;
    editor.announcement.set(
      asker === undefined || asker === user.id
        ? `${count} arrived.`
        : `${count} of ${nameOf(asker)} arrived.`,
    );
  });

  const actions = useMemo<StripActions>(() => {
    function moveOn(id: string) {
      const at = candidates.findIndex((candidate) => candidate.id === id);
      const next =
        candidates.length < 2 ? null : neighbour(candidates, at, at === candidates.length - 1 ? -1 : 1);
      if (editor.looking.get() === id) editor.looking.set(find(next)?.id ?? null);
    }
    return {
      look(id) {
        setComparing(false);
        // Handles of a layer would lie over the picture.
        if (id !== null) editor.selection.set([]);
        editor.looking.set(find(id)?.id ?? null);
      },
      accept(id) {
        const candidate = find(id);
        if (readOnly || candidate === undefined) return;
        const layerId = layerIdSchema.parse(editor.newId());
        editor.looking.set(null);
        editor.document.apply('Keep picture', [{ type: 'accept-candidate', id: candidate.id, layerId }]);
        editor.selection.set([layerId]);
        editor.announcement.set('Kept as a layer.');
      },
      discard(id) {
        const candidate = find(id);
        if (readOnly || candidate === undefined) return;
        moveOn(id);
        editor.document.apply('Discard picture', [{ type: 'discard-candidate', id: candidate.id }]);
        editor.notify({ tone: 'plain', text: 'Picture discarded. It stays in the history.', undoable: true });
      },
      discardAll() {
        if (readOnly || candidates.length === 0) return;
        editor.looking.set(null);
        const commands = candidates.flatMap(({ id }) => {
          const candidate = find(id);
          return candidate === undefined ? [] : [{ type: 'discard-candidate' as const, id: candidate.id }];
        });
        editor.document.apply('Discard pictures', commands);
        editor.notify({
          tone: 'plain',
          text: `${commands.length} pictures discarded. They stay in the history.`,
          undoable: true,
        });
      },
      compare: setComparing,
    };
  }, [candidates, editor, find, readOnly]);

  const url = current === undefined ? undefined : urls?.[current.asset];
  const view = useMemo(
    () => (url === undefined || current === undefined || comparing ? null : viewOf(current, url)),
    [url, current, comparing],
  );
  return { candidates, lookedAt: current?.id ?? null, comparing, actions, view };
}

function viewOf({ rect, placement, width, height }: Candidate, url: string): CandidateView {
  return placement === undefined
    ? { url, rect }
    : { url, rect, placed: { transform: placement.transform, width, height } };
}

/** Calls `onArrival` with what was not there a moment ago; what was there when the page opened is not news. */
function useArrivals<Item extends { readonly id: string }>(
  items: readonly Item[],
  onArrival: (arrived: readonly Item[]) => void,
): void {
  const known = useRef<ReadonlySet<string> | null>(null);
  const latest = useRef(onArrival);
  useEffect(() => {
    latest.current = onArrival;
  });
  useEffect(() => {
    const before = known.current;
    known.current = new Set([...(before ?? []), ...items.map((item) => item.id)]);
    if (before === null) return;
    const arrived = items.filter((item) => !before.has(item.id));
    if (arrived.length > 0) latest.current(arrived);
  }, [items]);
}
