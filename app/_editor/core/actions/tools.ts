import type { IconName } from '../../../_ui/icons.ts';
import type { Action } from '../action.ts';
import type { BrushSettings, Editor } from '../editor.ts';
import type { Store } from '../store.ts';
import type { ToolId } from '../tool.ts';

/** One action a tool, in the order of the toolbar. */
export const toolActions: readonly (Action & { readonly tool: ToolId; readonly icon: IconName })[] = [
  choose('select', 'Select', 'cursor', ['V'], 'move arrow pointer'),
  choose('hand', 'Hand', 'hand', ['H'], 'pan drag'),
  choose('brush', 'Mask brush', 'brush', ['B'], 'paint mask'),
  choose('eraser', 'Mask eraser', 'eraser', ['E'], 'rubber'),
  choose('frame', 'Frame', 'frame', ['F', 'R'], 'bounding box region'),
  choose('zoom', 'Zoom', 'zoom-in', ['Z'], 'magnify'),
];

export const brushActions: readonly Action[] = [
  {
    id: 'brush.smaller',
    label: 'Smaller brush',
    group: 'Tools',
    shortcuts: ['['],
    undo: 'none',
    repeats: true,
    perform: (editor) => changeBrush(editor, ({ size }) => ({ size: nextSize(size, -1) })),
  },
  {
    id: 'brush.larger',
    label: 'Larger brush',
    group: 'Tools',
    shortcuts: [']'],
    undo: 'none',
    repeats: true,
    perform: (editor) => changeBrush(editor, ({ size }) => ({ size: nextSize(size, 1) })),
  },
  {
    id: 'brush.softer',
    label: 'Softer brush',
    group: 'Tools',
    shortcuts: ['{'],
    undo: 'none',
    repeats: true,
    perform: (editor) => changeBrush(editor, ({ hardness }) => ({ hardness: step(hardness, -0.1) })),
  },
  {
    id: 'brush.harder',
    label: 'Harder brush',
    group: 'Tools',
    shortcuts: ['}'],
    undo: 'none',
    repeats: true,
    perform: (editor) => changeBrush(editor, ({ hardness }) => ({ hardness: step(hardness, 0.1) })),
  },
];

/** The settings of the brush or eraser in hand; the brush's while neither is. */
export function brushInHand(editor: Editor): Store<BrushSettings> {
  return editor.tools.active.get() === 'eraser' ? editor.eraser : editor.brush;
}

export const smallestBrush = 1;
export const largestBrush = 600;

function choose(tool: ToolId, label: string, icon: IconName, shortcuts: readonly string[], keywords: string) {
  return {
    id: `tool.${tool}`,
    tool,
    label,
    icon,
    shortcuts,
    keywords,
    group: 'Tools' as const,
    undo: 'none' as const,
    perform: (editor: Editor) => editor.tools.choose(tool),
  };
}

function changeBrush(editor: Editor, change: (settings: BrushSettings) => Partial<BrushSettings>): void {
  brushInHand(editor).update((settings) => ({ ...settings, ...change(settings) }));
}

/** About an eighth larger or smaller, at least one pixel. */
function nextSize(size: number, direction: 1 | -1): number {
  const by = Math.max(1, Math.round(size / 8));
  return Math.max(smallestBrush, Math.min(largestBrush, size + direction * by));
}

function step(value: number, by: number): number {
  return Math.max(0, Math.min(1, Math.round((value + by) * 10) / 10));
}
