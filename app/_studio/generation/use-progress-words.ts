'use client';

import { useEffect, useRef } from 'react';
import { useEditor } from '../../_editor/ui/editor-context.ts';
import { describeDuration } from '../../_ui/age.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';

/** Says, for who does not see the frame fill, when a picture for this canvas begins and when it is half done. */
export function useProgressWords(): void {
  const { feed, canvasId } = useCanvas();
  const editor = useEditor();
  const said = useRef<{ readonly id: string; readonly half: boolean } | null>(null);
  const running = feed.queue?.find(
    (item) => item.generation.canvas?.id === canvasId && item.place.state === 'running',
  );
  const id = running?.generation.id;
  const live = id === undefined ? undefined : feed.progress.get(id);
  const begun =
    running?.generation.request?.mode === 'upscale' ? 'Enlarging has begun.' : 'Painting has begun.';
  const half = live !== undefined && live.steps > 0 && live.step / live.steps >= 0.5;
  const remaining = live?.remainingMs ?? null;

  useEffect(() => {
    if (id === undefined) return;
    const before = said.current;
    const left = remaining === null ? '' : ` About ${describeDuration(remaining)} left.`;
    if (before?.id !== id) editor.announcement.set(`${begun}${left}`);
    else if (half && !before.half) editor.announcement.set(`Half done.${left}`);
    said.current = { id, half };
  }, [editor, id, begun, half, remaining]);
}
