import { expect, test } from 'vitest';
import type { ControlLayer, LayerId } from '../../../../shared/document/schema.ts';
import { createTestEditor, type TestEditor } from '../../testing/test-editor.ts';
import { perform } from '../action.ts';
import { editorActions } from './all.ts';
import { patchControls } from './controls.ts';

function act(hand: TestEditor, id: string): boolean {
  const action = editorActions.find((candidate) => candidate.id === id);
  if (action === undefined) throw new Error(`there is no action ${id}`);
  return perform(action, hand.editor);
}

function controls(hand: TestEditor): readonly ControlLayer[] {
  return hand.model().layers.filter((layer) => layer.kind === 'control');
}

test('a new scribble is selected, takes the next stroke, and one undo takes each away', () => {
  const hand = createTestEditor();
  act(hand, 'control.scribble');
  expect(hand.state()).toBe('brush.idle');
  hand.drag([100, 100], [200, 100]);
  expect(controls(hand)).toMatchObject([
    { map: 'scribble', strength: 1, range: [0, 1], strokes: [{ size: 8 }] },
  ]);
  hand.key('Mod+z');
  expect(controls(hand)[0]?.strokes).toEqual([]);
  hand.key('Mod+z');
  expect(controls(hand)).toEqual([]);
});

test('with nothing selected the brush paints a mask, never a control layer that nobody meant', () => {
  const hand = createTestEditor();
  act(hand, 'control.scribble');
  hand.editor.selection.set([]);
  hand.drag([100, 100], [200, 100]);
  expect(controls(hand)[0]?.strokes).toEqual([]);
  expect(hand.model().layers.filter((layer) => layer.kind === 'mask')).toHaveLength(1);
});

test('each new region stands for the next thing, and what is set on one is set on all', () => {
  const hand = createTestEditor();
  for (let i = 0; i < 4; i += 1) act(hand, 'control.region');
  act(hand, 'control.scribble');
  expect(controls(hand).map(({ name, region }) => [name, region])).toEqual([
    ['Region', 2],
    ['Region 2', 3],
    ['Region 3', 4],
    ['Region 4', 4],
    ['Scribble', 2],
  ]);
  const [first] = controls(hand);
  if (first === undefined) throw new Error('a region');
  hand.editor.document.apply('Change strength', patchControls(hand.editor, [first], { strength: 0.3 }));
  expect(controls(hand).map(({ strength }) => strength)).toEqual([0.3, 0.3, 0.3, 0.3, 1]);
  hand.key('Mod+z');
  expect(controls(hand).every(({ strength }) => strength === 1)).toBe(true);
});

test('a picture used as a control map is hidden under it, in one step of undo', () => {
  const hand = createTestEditor();
  const picture = hand.addImage({ x: 30, y: 40, width: 64, height: 32 });
  expect(act(hand, 'control.from-picture')).toBe(false);
  hand.editor.selection.set([picture]);
  act(hand, 'control.from-picture');
  expect(hand.layer(picture)).toMatchObject({ hidden: true });
  expect(controls(hand)).toMatchObject([
    { map: 'edge', transform: [30, 40, 1, 1, 0], picture: { width: 64, height: 32 } },
  ]);
  hand.key('Mod+z');
  expect(controls(hand)).toEqual([]);
  expect(hand.layer(picture)).toMatchObject({ hidden: false });
});

test('a copy keeps what a control layer says and shows, and clearing it leaves its picture', () => {
  const hand = createTestEditor();
  const picture = hand.addImage({ width: 64, height: 32 });
  hand.editor.selection.set([picture]);
  act(hand, 'control.from-picture');
  const id = controls(hand)[0]?.id;
  if (id === undefined) throw new Error('a control layer');
  const patch = { map: 'depth', strength: 0.4, range: [0, 0.5] } as const;
  hand.editor.document.apply('Change', [{ type: 'patch-layer', id, patch }]);
  hand.key('b');
  hand.drag([10, 10], [40, 10]);
  hand.editor.selection.set([id]);
  act(hand, 'edit.duplicate');
  const copy = controls(hand).find((layer) => layer.id !== id);
  expect(copy).toMatchObject({ ...patch, picture: { width: 64, height: 32 }, strokes: [{ tool: 'brush' }] });
  hand.editor.selection.set([copy?.id ?? id] satisfies LayerId[]);
  act(hand, 'mask.clear');
  expect(controls(hand).find((layer) => layer.id === copy?.id)).toMatchObject({
    strokes: [],
    picture: { width: 64 },
  });
});
