import { expect, test } from 'vitest';
import { perform } from '../../_editor/core/action.ts';
import { createTestEditor } from '../../_editor/testing/test-editor.ts';
import { enlargeActions } from './enlarge-actions.ts';

function open() {
  const hand = createTestEditor();
  const asked: [string, number][] = [];
  const actions = enlargeActions((_, layer, scale) => asked.push([layer.id, scale]));
  const act = () => actions.map((action) => perform(action, hand.editor));
  return { hand, asked, act };
}

test('one picture that is selected alone is asked for, twice and four times as large, locked or not', () => {
  const { hand, asked, act } = open();
  hand.editor.enlarges.set(true);
  const picture = hand.addImage();
  hand.editor.document.apply('Lock', [{ type: 'patch-layer', id: picture, patch: { locked: true } }]);
  hand.editor.selection.set([picture]);
  expect(act()).toEqual([true, true]);
  expect(asked).toEqual([
    [picture, 2],
    [picture, 4],
  ]);
});

test('nothing, two pictures or a mask cannot be enlarged', () => {
  const { hand, asked, act } = open();
  hand.editor.enlarges.set(true);
  const pictures = [hand.addImage(), hand.addImage()];
  for (const selected of [[], pictures, [hand.addMask()]]) {
    hand.editor.selection.set(selected);
    expect(act()).toEqual([false, false]);
  }
  expect(asked).toEqual([]);
});

test('it is offered neither where the pack cannot, nor to who may only look', () => {
  const { hand, asked, act } = open();
  hand.editor.selection.set([hand.addImage()]);
  expect(act()).toEqual([false, false]);
  hand.editor.enlarges.set(true);
  hand.canEdit.set(false);
  expect(act()).toEqual([false, false]);
  expect(asked).toEqual([]);
});
