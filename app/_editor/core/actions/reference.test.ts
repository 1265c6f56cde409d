import { expect, test } from 'vitest';
import { createTestEditor, type TestEditor } from '../../testing/test-editor.ts';
import { perform } from '../action.ts';
import { editorActions } from './all.ts';

function act(hand: TestEditor): boolean {
  const action = editorActions.find((candidate) => candidate.id === 'reference.from-picture');
  if (action === undefined) throw new Error('the action is gone');
  return perform(action, hand.editor);
}

test('a selected picture becomes the reference, stays as it is, and one undo takes it back', () => {
  const hand = createTestEditor();
  hand.editor.followsReference.set(true);
  const picture = hand.addImage();
  const before = hand.layer(picture);
  hand.editor.selection.set([]);
  expect(act(hand)).toBe(false);
  hand.editor.selection.set([picture]);
  expect(act(hand)).toBe(true);
  expect(hand.model().reference).toMatchObject({ name: before.name, strength: 1 });
  expect(hand.layer(picture)).toEqual(before);
  expect(hand.editor.announcement.get()).toContain(`follow ${before.name}`);
  hand.key('Mod+z');
  expect(hand.model().reference).toBeNull();
});

test('a locked picture can be looked at, two at once cannot, nor a mask', () => {
  const hand = createTestEditor();
  hand.editor.followsReference.set(true);
  const pictures = [hand.addImage(), hand.addImage()];
  hand.editor.selection.set(pictures);
  expect(act(hand)).toBe(false);
  hand.editor.selection.set([hand.addMask()]);
  expect(act(hand)).toBe(false);
  const [first] = pictures;
  if (first === undefined) throw new Error('a picture');
  hand.editor.document.apply('Lock', [{ type: 'patch-layer', id: first, patch: { locked: true } }]);
  hand.editor.selection.set([first]);
  expect(act(hand)).toBe(true);
});

test('it is not offered where the pack follows no reference, nor to who may not edit', () => {
  const hand = createTestEditor();
  hand.editor.selection.set([hand.addImage()]);
  expect(act(hand)).toBe(false);
  hand.editor.followsReference.set(true);
  hand.canEdit.set(false);
  expect(act(hand)).toBe(false);
  expect(hand.model().reference).toBeNull();
});
