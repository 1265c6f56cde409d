'use client';

import { useMemo } from 'react';
import type { FramePreview } from '../../_editor/render/scene-state.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { wordsOf } from '../history/view.ts';

const longestLabel = 48;

/** What the frame shows of the generation under way on this canvas: the same for everybody who has it open. */
export function useFramePreview(): FramePreview | null {
  const { feed, canvasId } = useCanvas();
  const { queue, progress } = feed;
  return useMemo(() => {
    const here = (queue ?? []).filter(
      (item) => item.generation.canvas?.id === canvasId && item.place.state !== 'paused',
    );
    const item = here.find((candidate) => candidate.place.state === 'running') ?? here[0];
    if (item === undefined) return null;
    const { generation, place } = item;
    const live = progress.get(generation.id);
    const running = place.state === 'running' || live !== undefined;
    const name = generation.requestedBy.name.split(/\s+/u)[0] ?? '';
    const label = `${name}: ${wordsOf(generation)}`;
    return {
      imageUrl: live?.preview ?? null,
      step: live?.step ?? generation.step,
      steps: running ? (live?.steps ?? generation.steps) : 0,
      label: label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label,
      ...(generation.request === null ? {} : { rect: generation.request.frame }),
    };
  }, [queue, progress, canvasId]);
}
