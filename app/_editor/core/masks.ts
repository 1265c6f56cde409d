import { isPaintLayer, type LayerId, type PaintLayer } from '../../../shared/document/schema.ts';
import { type Editor, modelOf, newLayerId } from './editor.ts';

/** The layer a stroke goes to. */
export type PaintTarget =
  | { readonly kind: 'layer'; readonly layer: PaintLayer }
  /** There is none yet: the first stroke makes it. */
  | { readonly kind: 'new'; readonly id: LayerId; readonly name: string }
  /** There is one that the person means, but it does not take paint. */
  | { readonly kind: 'blocked'; readonly layer: PaintLayer; readonly because: 'locked' | 'hidden' };

/**
 * The selected mask or control layer, else the one painted last, else the topmost mask that takes paint, else a new mask:
 * nobody paints on a control layer without having meant it.
 */
export function paintTarget(editor: Editor): PaintTarget {
  const painted = modelOf(editor).layers.filter(isPaintLayer);
  const selected = painted.findLast((layer) => editor.selection.get().includes(layer.id));
  if (selected !== undefined) {
    if (selected.locked) return { kind: 'blocked', layer: selected, because: 'locked' };
    if (selected.hidden) return { kind: 'blocked', layer: selected, because: 'hidden' };
    return { kind: 'layer', layer: selected };
  }
  const open = painted.filter((layer) => !layer.locked && !layer.hidden);
  const target =
    open.find((layer) => layer.id === editor.lastStroke.get()?.layerId) ??
    open.findLast((layer) => layer.kind === 'mask');
  return target === undefined
    ? { kind: 'new', id: newLayerId(editor), name: nextMaskName(editor) }
    : { kind: 'layer', layer: target };
}

/** "Mask", "Mask 2", …: the first that no layer has. */
export function nextMaskName(editor: Editor): string {
  return nextName(editor, 'Mask');
}

/** `first`, or with the lowest number that makes it a name that no layer has. */
export function nextName(editor: Editor, first: string): string {
  const names = new Set(modelOf(editor).layers.map((layer) => layer.name));
  let number = 1;
  let name = first;
  while (names.has(name)) {
    number += 1;
    name = `${first} ${number}`;
  }
  return name;
}
