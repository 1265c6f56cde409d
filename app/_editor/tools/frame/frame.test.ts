import { expect, test } from 'vitest';
import { createTestEditor } from '../../testing/test-editor.ts';

function withFrameTool() {
  const hand = createTestEditor();
  hand.key('f');
  return hand;
}

test('a drag beside the frame draws it anew, in steps of 64 px', () => {
  const hand = withFrameTool();
  hand.drag([600, 600], [900, 740]);
  expect(hand.model().frame).toEqual([600, 600, 320, 128]);
  hand.drag([590, 590], [400, 300]);
  expect(hand.model().frame).toEqual([398, 270, 192, 320]);
});

test('a click beside the frame leaves it', () => {
  const hand = withFrameTool();
  hand.click(600, 600);
  expect(hand.model().frame).toEqual([0, 0, 256, 256]);
  expect(hand.editor.document.history.get().undo).toBeNull();
});

test('it moves by its inside, snaps to a picture, and is one step of undo', () => {
  const hand = withFrameTool();
  hand.addImage({ x: 300, y: 0, width: 256, height: 256 });
  hand.drag([128, 128], [431, 130]);
  expect(hand.model().frame).toEqual([300, 0, 256, 256]);
  hand.key('Mod+z');
  expect(hand.model().frame).toEqual([0, 0, 256, 256]);
});

test('a handle changes the size within 64 and 1,024; the other side stays', () => {
  const hand = withFrameTool();
  hand.drag([256, 256], [400, 300]);
  expect(hand.model().frame).toEqual([0, 0, 384, 320]);
  hand.drag([384, 160], [5, 160]);
  expect(hand.model().frame).toEqual([0, 0, 64, 320]);
  hand.drag([64, 160], [999_999, 160]);
  expect(hand.model().frame).toEqual([0, 0, 1_024, 320]);
});

test('Shift keeps the ratio, Alt grows from the middle', () => {
  const hand = withFrameTool();
  hand.drag([256, 256], [512, 300], { shift: true });
  expect(hand.model().frame).toEqual([0, 0, 512, 512]);
  hand.drag([512, 256], [576, 256], { alt: true });
  expect(hand.model().frame).toEqual([-64, 0, 640, 512]);
});

test('others see the frame move before it is written', () => {
  const hand = withFrameTool();
  hand.down(128, 128).move(228, 128);
  expect(hand.editor.frameDrag.get()).toEqual([104, 0, 256, 256]);
  expect(hand.model().frame).toEqual([0, 0, 256, 256]);
  hand.key('Escape');
  expect(hand.editor.frameDrag.get()).toBeNull();
});

test('the frame goes around the selection', () => {
  const hand = createTestEditor();
  hand.addImage({ x: 400, y: 400, width: 300, height: 200 });
  hand.click(500, 500);
  hand.key('Shift+F');
  expect(hand.model().frame).toEqual([390, 404, 320, 192]);
});
