'use client';

import { type PointerEvent as ReactPointerEvent, useCallback, useEffect, useRef, useState } from 'react';
import type { Layer, LayerId } from '../../../shared/document/schema.ts';
import { applyCommands } from '../core/editor.ts';
import { useEditor } from './editor-context.ts';

export interface LayerDrag {
  /** Layers in mid-drag. */
  readonly ids: readonly LayerId[];
  /** Where the drop line is, CSS pixels from the top of the list's content; null while nothing is dragged. */
  readonly line: number | null;
  start(event: ReactPointerEvent<HTMLElement>, id: LayerId): void;
}

/** CSS pixels that a press may wander before it is a drag, and how long a finger rests before it drags instead of scrolls. */
const threshold = 5;
const holdMs = 280;
/** Nearer to an edge than this the list scrolls along. */
const scrollZone = 28;

/** Reordering by dragging rows: a line shows where they would go; Escape takes it back. */
export function useLayerDrag({
  list,
  topFirst,
  rowHeight,
}: {
  readonly list: { readonly current: HTMLElement | null };
  readonly topFirst: readonly Layer[];
  readonly rowHeight: number;
}): LayerDrag {
  const editor = useEditor();
  const [state, setState] = useState<{ readonly ids: readonly LayerId[]; readonly line: number } | null>(
    null,
  );
  const latest = useRef({ topFirst, rowHeight });
  latest.current = { topFirst, rowHeight };
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);

  const start = useCallback(
    (event: ReactPointerEvent<HTMLElement>, id: LayerId): void => {
      if (event.button !== 0) return;
      stop.current?.();
      const isTouch = event.pointerType === 'touch';
      const from = { x: event.clientX, y: event.clientY, at: event.timeStamp };
      let dragged: readonly LayerId[] | null = null;
      let gap = 0;

      function onMove(move: PointerEvent): void {
        const element = list.current;
        if (element === null) return;
        if (dragged === null) {
          if (Math.hypot(move.clientX - from.x, move.clientY - from.y) < threshold) return;
          if (isTouch && move.timeStamp - from.at < holdMs) {
            end();
            return;
          }
          const selection = editor.selection.get();
          dragged = selection.includes(id) ? selection : [id];
        }
        move.preventDefault();
        const box = element.getBoundingClientRect();
        if (move.clientY < box.top + scrollZone) element.scrollTop -= 8;
        if (move.clientY > box.bottom - scrollZone) element.scrollTop += 8;
        const rows = latest.current;
        const y = move.clientY - box.top + element.scrollTop;
        gap = Math.max(0, Math.min(rows.topFirst.length, Math.round(y / rows.rowHeight)));
        const line = gap * rows.rowHeight;
        setState({ ids: dragged, line });
      }

      function onUp(): void {
        if (dragged !== null) {
          const ids = dragged;
          // Rows run from the top down, places from the bottom up, counted without the layers that move.
          const below = latest.current.topFirst.slice(gap).filter((layer) => !ids.includes(layer.id)).length;
          applyCommands(editor, 'Reorder layers', [{ type: 'reorder', ids, place: below }]);
          swallowClick();
        }
        end();
      }

      function onKey(key: KeyboardEvent): void {
        if (key.key !== 'Escape') return;
        key.stopPropagation();
        end();
      }

      function end(): void {
        window.removeEventListener('pointermove', onMove);
        window.removeEventListener('pointerup', onUp);
        window.removeEventListener('pointercancel', end);
        window.removeEventListener('keydown', onKey, true);
        stop.current = null;
        setState(null);
      }

      window.addEventListener('pointermove', onMove);
      window.addEventListener('pointerup', onUp);
      window.addEventListener('pointercancel', end);
      window.addEventListener('keydown', onKey, true);
      stop.current = end;
    },
    [editor, list],
  );

  return { ids: state?.ids ?? [], line: state?.line ?? null, start };
}

/** The click that ends a drag must not also select. */
function swallowClick(): void {
  const swallow = (event: MouseEvent) => event.stopPropagation();
  window.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 0);
}
