import { isPaintLayer, type Layer } from '../../../../shared/document/schema.ts';
import type { Action } from '../action.ts';
import type { Command, LayerPatch } from '../document-port.ts';
import { applyCommands, type Editor, modelOf, newLayerId, selectedLayers } from '../editor.ts';
import { nextMaskName } from '../masks.ts';

const hasSelection = (editor: Editor) => selectedLayers(editor).length > 0;
const selectedMasks = (editor: Editor) => selectedLayers(editor).filter((layer) => layer.kind === 'mask');
const openPaint = (editor: Editor) =>
  selectedLayers(editor).filter((layer) => isPaintLayer(layer) && !layer.locked);
const openMasks = (editor: Editor) => selectedMasks(editor).filter((mask) => !mask.locked);

export const layerActions: readonly Action[] = [
  {
    id: 'layer.hide',
    label: 'Show or hide',
    group: 'Layers',
    icon: 'eye',
    shortcuts: ['Mod+Shift+H'],
    undo: 'document',
    isEnabled: hasSelection,
    perform: (editor) =>
      patchAll(editor, selectedLayers(editor), (layers) => {
        const hidden = layers.some((layer) => !layer.hidden);
        return { label: hidden ? 'Hide' : 'Show', patch: { hidden } };
      }),
  },
  {
    id: 'layer.lock',
    label: 'Lock or unlock',
    group: 'Layers',
    icon: 'lock',
    shortcuts: ['Mod+Shift+L'],
    undo: 'document',
    isEnabled: hasSelection,
    perform: (editor) =>
      patchAll(editor, selectedLayers(editor), (layers) => {
        const locked = layers.some((layer) => !layer.locked);
        return { label: locked ? 'Lock' : 'Unlock', patch: { locked } };
      }),
  },
  {
    id: 'layer.rename',
    label: 'Rename',
    group: 'Layers',
    icon: 'pencil',
    shortcuts: ['F2'],
    undo: 'document',
    isEnabled: (editor) => selectedLayers(editor).length === 1,
    perform(editor) {
      const [layer] = selectedLayers(editor);
      if (layer !== undefined) editor.renaming.set(layer.id);
    },
  },
  order('layer.forward', 'Bring forward', 'Mod+]', (at) => at + 1),
  order('layer.backward', 'Send backward', 'Mod+[', (at) => at - 1),
  order('layer.front', 'Bring to front', 'Mod+Shift+]', (_at, count) => count),
  order('layer.back', 'Send to back', 'Mod+Shift+[', () => 0),
];

export const maskActions: readonly Action[] = [
  {
    id: 'mask.new',
    label: 'New mask',
    group: 'Masks',
    icon: 'mask',
    shortcuts: ['Mod+Shift+M'],
    undo: 'document',
    perform(editor) {
      const id = newLayerId(editor);
      applyCommands(editor, 'New mask', [{ type: 'add-mask', id, name: nextMaskName(editor) }]);
      editor.selection.set([id]);
      editor.tools.choose('brush');
    },
  },
  {
    id: 'mask.invert',
    label: 'Invert mask',
    group: 'Masks',
    icon: 'invert',
    shortcuts: ['Mod+I'],
    undo: 'document',
    isEnabled: (editor) => openMasks(editor).length > 0,
    perform(editor) {
      const commands = openMasks(editor).map(
        (mask): Command => ({ type: 'patch-layer', id: mask.id, patch: { inverted: !mask.inverted } }),
      );
      applyCommands(editor, 'Invert mask', commands);
    },
  },
  {
    id: 'mask.clear',
    label: 'Clear paint',
    group: 'Masks',
    icon: 'close',
    shortcuts: ['Mod+Backspace', 'Mod+Delete'],
    keywords: 'empty reset mask control',
    undo: 'document',
    isEnabled: (editor) => openPaint(editor).length > 0,
    perform(editor) {
      const commands = openPaint(editor).map((layer): Command => ({ type: 'clear-paint', id: layer.id }));
      applyCommands(editor, 'Clear paint', commands);
    },
  },
];

function patchAll(
  editor: Editor,
  layers: readonly Layer[],
  decide: (layers: readonly Layer[]) => { readonly label: string; readonly patch: LayerPatch },
): void {
  const { label, patch } = decide(layers);
  const what = layers.length === 1 ? 'layer' : 'layers';
  applyCommands(
    editor,
    `${label} ${what}`,
    layers.map(({ id }): Command => ({ type: 'patch-layer', id, patch })),
  );
}

function order(
  id: string,
  label: string,
  shortcut: string,
  place: (at: number, count: number) => number,
): Action {
  return {
    id,
    label,
    group: 'Layers',
    shortcuts: [shortcut],
    undo: 'document',
    isEnabled: hasSelection,
    perform(editor) {
      const selected = new Set(editor.selection.get());
      const { layers } = modelOf(editor);
      const others = layers.filter((layer) => !selected.has(layer.id));
      const lowest = layers.findIndex((layer) => selected.has(layer.id));
      const below = layers.slice(0, lowest).filter((layer) => !selected.has(layer.id)).length;
      const ids = layers.flatMap((layer) => (selected.has(layer.id) ? [layer.id] : []));
      const to = Math.max(0, Math.min(others.length, place(below, others.length)));
      applyCommands(editor, label, [{ type: 'reorder', ids, place: to }]);
    },
  };
}
