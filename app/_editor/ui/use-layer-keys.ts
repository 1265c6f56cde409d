'use client';

import type { KeyboardEvent } from 'react';
import type { Layer, LayerId } from '../../../shared/document/schema.ts';
import { isApple } from '../../_ui/shortcut.ts';
import { applyCommands } from '../core/editor.ts';
import { useEditor } from './editor-context.ts';

/**
 * The keys of the layer tree (WAI-ARIA tree view): up and down, Home and End walk, Enter or Space selects (with Shift
 * adds), Alt with an arrow moves the layer, F2 renames.
 */
export function useLayerKeys({
  topFirst,
  current,
  setCurrent,
  list,
  rowHeight,
}: {
  readonly topFirst: readonly Layer[];
  readonly current: Layer | undefined;
  readonly setCurrent: (id: LayerId) => void;
  readonly list: { readonly current: HTMLElement | null };
  readonly rowHeight: number;
}): (event: KeyboardEvent) => void {
  const editor = useEditor();

  function goTo(row: number, adds: boolean): void {
    const layer = topFirst[Math.max(0, Math.min(topFirst.length - 1, row))];
    if (layer === undefined) return;
    setCurrent(layer.id);
    const selection = editor.selection.get();
    editor.selection.set(adds ? [...selection.filter((id) => id !== layer.id), layer.id] : [layer.id]);
    focusRow(layer.id, topFirst.indexOf(layer));
  }

  /** Brings a row into view, where it is drawn if it was not, and gives it the focus. */
  function focusRow(id: LayerId, row: number): void {
    const element = list.current;
    if (element === null) return;
    const top = row * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
    const find = () => element.querySelector<HTMLElement>(`[data-layer-id="${CSS.escape(id)}"]`);
    const found = find();
    if (found !== null) found.focus({ preventScroll: true });
    else requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus({ preventScroll: true })));
  }

  function move(by: 1 | -1): void {
    if (current === undefined || !editor.document.canEdit.get()) return;
    const row = topFirst.indexOf(current);
    // A row up is a place up; counted from the bottom, without the layer itself.
    const place = topFirst.length - 1 - row + by;
    if (place < 0 || place >= topFirst.length) return;
    const label = by === 1 ? 'Bring forward' : 'Send backward';
    applyCommands(editor, label, [{ type: 'reorder', ids: [current.id], place }]);
    editor.announcement.set(`${current.name} is now ${topFirst.length - place} of ${topFirst.length}.`);
  }

  return (event) => {
    if (!(event.target instanceof HTMLElement) || event.target.getAttribute('role') !== 'treeitem') return;
    const row = current === undefined ? 0 : topFirst.indexOf(current);
    const mod = isApple() ? event.metaKey : event.ctrlKey;
    if (mod) return;
    switch (event.key) {
      case 'ArrowUp':
        if (event.altKey) move(1);
        else goTo(row - 1, event.shiftKey);
        break;
      case 'ArrowDown':
        if (event.altKey) move(-1);
        else goTo(row + 1, event.shiftKey);
        break;
      case 'Home':
        goTo(0, event.shiftKey);
        break;
      case 'End':
        goTo(topFirst.length - 1, event.shiftKey);
        break;
      case 'Enter':
      case ' ':
        goTo(row, event.shiftKey);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}
