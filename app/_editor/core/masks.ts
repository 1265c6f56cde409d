import type { LayerId, MaskLayer } from '../../../shared/document/schema.ts';
import { type Editor, modelOf, newLayerId } from './editor.ts';

/** The mask a stroke goes to. */
export type MaskTarget =
  | { readonly kind: 'layer'; readonly layer: MaskLayer }
  /** There is none yet: the first stroke makes it. */
  | { readonly kind: 'new'; readonly id: LayerId; readonly name: string }
  /** There is one that the person means, but it does not take paint. */
  | { readonly kind: 'blocked'; readonly layer: MaskLayer; readonly because: 'locked' | 'hidden' };

/** The selected mask, else the one painted last, else the topmost that takes paint, else a new one. */
export function maskTarget(editor: Editor): MaskTarget {
  const masks = modelOf(editor).layers.filter((layer) => layer.kind === 'mask');
  const selected = masks.findLast((mask) => editor.selection.get().includes(mask.id));
  if (selected !== undefined) {
    if (selected.locked) return { kind: 'blocked', layer: selected, because: 'locked' };
    if (selected.hidden) return { kind: 'blocked', layer: selected, because: 'hidden' };
    return { kind: 'layer', layer: selected };
  }
  const open = masks.filter((mask) => !mask.locked && !mask.hidden);
  const target = open.find((mask) => mask.id === editor.lastStroke.get()?.layerId) ?? open.at(-1);
  return target === undefined
    ? { kind: 'new', id: newLayerId(editor), name: nextMaskName(editor) }
    : { kind: 'layer', layer: target };
}

/** "Mask", "Mask 2", …: the first that no layer has. */
export function nextMaskName(editor: Editor): string {
  const names = new Set(modelOf(editor).layers.map((layer) => layer.name));
  let number = 1;
  let name = 'Mask';
  while (names.has(name)) {
    number += 1;
    name = `Mask ${number}`;
  }
  return name;
}
