'use client';

import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';

/**
 * Older prompts of this canvas by arrow up at the start of the field, newer ones by arrow down at its end, as a shell
 * does it. What was being typed when one began to look comes back after the newest.
 */
export function usePromptHistory(current: string): (direction: 'older' | 'newer') => string | null {
  const { organizationId, canvasId } = useCanvas();
  const trpc = useTRPC();
  const history = useQuery(trpc.generations.history.queryOptions({ organizationId, canvasId, limit: 50 }));
  const prompts = useMemo(
    () => [...new Set((history.data?.items ?? []).map((generation) => generation.prompt).filter(Boolean))],
    [history.data],
  );
  const place = useRef<{ readonly at: number; readonly shown: string; readonly typed: string } | null>(null);

  return useCallback(
    (direction) => {
      // Typing anything else ends the walk.
      const walk = place.current !== null && place.current.shown === current ? place.current : null;
      const typed = walk?.typed ?? current;
      const at = (walk?.at ?? -1) + (direction === 'older' ? 1 : -1);
      if (at < -1) return null;
      const offered = prompts.filter((prompt) => prompt !== typed);
      const shown = at === -1 ? typed : offered[at];
      if (shown === undefined || (walk === null && direction === 'newer')) return null;
      place.current = { at, shown, typed };
      return shown;
    },
    [prompts, current],
  );
}
