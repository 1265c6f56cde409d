import { expect, test } from 'vitest';
import { createTestEditor } from '../../testing/test-editor.ts';

test('a click selects, a click on nothing deselects, Shift adds and takes away', () => {
  const hand = createTestEditor();
  const one = hand.addImage({ x: 300, y: 0 });
  const two = hand.addImage({ x: 500, y: 0 });
  hand.click(350, 50);
  expect(hand.editor.selection.get()).toEqual([one]);
  hand.click(550, 50, { shift: true });
  expect(hand.editor.selection.get()).toEqual([one, two]);
  hand.click(350, 50, { shift: true });
  expect(hand.editor.selection.get()).toEqual([two]);
  hand.click(900, 700);
  expect(hand.editor.selection.get()).toEqual([]);
  expect(hand.state()).toBe('select.idle');
});

test('the topmost picture is taken; hidden and locked ones are not', () => {
  const hand = createTestEditor();
  const below = hand.addImage({ x: 300, y: 300 });
  const above = hand.addImage({ x: 300, y: 300 });
  hand.click(350, 350);
  expect(hand.editor.selection.get()).toEqual([above]);
  hand.editor.document.apply('Lock layer', [{ type: 'patch-layer', id: above, patch: { locked: true } }]);
  hand.click(350, 350);
  expect(hand.editor.selection.get()).toEqual([below]);
  hand.editor.document.apply('Hide layer', [{ type: 'patch-layer', id: below, patch: { hidden: true } }]);
  hand.click(350, 350);
  expect(hand.editor.selection.get()).toEqual([]);
});

test('a drag is shown to nobody but the drag store until the pointer is let go, and is one step of undo', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  let updates = 0;
  hand.doc.on('update', () => {
    updates += 1;
  });
  hand.move(450, 450).down(450, 450).move(460, 460).move(530, 480);
  expect(hand.state()).toBe('select.translating');
  expect(hand.editor.drag.get()?.get(id)).toEqual([480, 430, 1, 1, 0]);
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
  expect(updates).toBe(0);
  hand.up();
  expect(hand.layer(id).transform).toEqual([480, 430, 1, 1, 0]);
  expect(updates).toBe(1);
  hand.key('Mod+z');
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
  hand.key('Mod+Shift+Z');
  expect(hand.layer(id).transform).toEqual([480, 430, 1, 1, 0]);
});

test('a press that wanders three pixels is a click', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.down(450, 450).move(452, 452).up();
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
});

test('Escape in mid-drag puts everything back', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.down(450, 450).move(600, 600);
  expect(hand.key('Escape')).toBe(true);
  expect(hand.editor.drag.get()).toBeNull();
  hand.up(600, 600);
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
  expect(hand.state()).toBe('select.idle');
});

test('Shift keeps a drag on one axis; edges snap to others unless Mod is held', () => {
  const hand = createTestEditor();
  hand.addImage({ x: 700, y: 600 });
  const id = hand.addImage({ x: 400, y: 400 });
  hand.drag([450, 450], [520, 471], { shift: true });
  expect(hand.layer(id).transform.slice(0, 2)).toEqual([470, 400]);
  hand.key('Mod+z');
  hand.drag([450, 450], [647, 480]);
  expect(hand.layer(id).transform.slice(0, 2)).toEqual([600, 430]);
  hand.key('Mod+z');
  hand.drag([450, 450], [647, 480], { mod: true });
  expect(hand.layer(id).transform.slice(0, 2)).toEqual([597, 430]);
});

test('a corner handle scales, Shift keeps the ratio, Alt scales from the middle', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400, width: 100, height: 50 });
  hand.click(450, 425).drag([500, 450], [600, 500]);
  expect(hand.layer(id).transform).toEqual([400, 400, 2, 2, 0]);
  hand.key('Mod+z');
  hand.drag([500, 450], [600, 460], { pressure: 1 });
  expect(hand.layer(id).transform).toEqual([400, 400, 2, 1.2, 0]);
  hand.key('Mod+z');
  hand.move(500, 450).down(500, 450).move(600, 460, { shift: true }).up(600, 460, { shift: true });
  expect(hand.layer(id).transform).toEqual([400, 400, 2, 2, 0]);
  hand.key('Mod+z');
  hand.move(500, 450).down(500, 450).move(550, 475, { alt: true }).up(550, 475, { alt: true });
  expect(hand.layer(id).transform).toEqual([350, 375, 2, 2, 0]);
});

test('a handle pulled through the other side mirrors, never flattens', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.click(450, 450).drag([500, 450], [300, 450]);
  expect(hand.layer(id).transform).toEqual([400, 400, -1, 1, 0]);
  hand.key('Mod+z');
  hand.drag([500, 450], [400, 450]);
  expect(Math.abs(hand.layer(id).transform[2] * 100)).toBeCloseTo(1);
});

test('outside a corner one turns; Shift turns in steps of 15°', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.click(450, 450);
  // From the top right corner a quarter turn clockwise about (450, 450).
  hand.move(512, 388).down(512, 388);
  expect(hand.state()).toBe('select.rotating');
  hand.move(512, 512).up();
  const [x, y, , , rotation] = hand.layer(id).transform;
  expect(rotation).toBe(90);
  expect(x).toBeCloseTo(500, 6);
  expect(y).toBeCloseTo(400, 6);
  hand.key('Mod+z');
  hand.move(512, 388).down(512, 388).move(520, 405, { shift: true }).up(520, 405, { shift: true });
  expect(hand.layer(id).transform[4]).toBe(15);
});

test('scaling a turned picture keeps its angle', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ transform: [450, 350, 1, 1, 30] });
  hand.editor.selection.set([id]);
  const corner = {
    x: 450 + 100 * Math.cos(Math.PI / 6) - 100 * Math.sin(Math.PI / 6),
    y: 350 + 100 * Math.sin(Math.PI / 6) + 100 * Math.cos(Math.PI / 6),
  };
  hand.move(corner.x, corner.y).down(corner.x, corner.y);
  expect(hand.state()).toBe('select.resizing');
  hand.move(corner.x + 10, corner.y + 40).up();
  expect(hand.layer(id).transform[4]).toBe(30);
  expect(hand.layer(id).transform[3]).toBeGreaterThan(1);
});

test('a marquee selects the pictures it touches', () => {
  const hand = createTestEditor();
  const one = hand.addImage({ x: 300, y: 300 });
  const two = hand.addImage({ x: 450, y: 300 });
  hand.addImage({ x: 800, y: 600 });
  hand.down(280, 290).move(500, 350);
  expect(hand.state()).toBe('select.marquee');
  hand.up();
  expect(hand.editor.selection.get()).toEqual([one, two]);
});

test('dragging with Alt leaves the picture and lands a copy, in one step of undo', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.drag([450, 450], [650, 450], { alt: true });
  expect(hand.model().layers.map((layer) => layer.transform[0])).toEqual([400, 600]);
  expect(hand.editor.selection.get()).not.toContain(id);
  hand.key('Mod+z');
  expect(hand.model().layers).toHaveLength(1);
});

test('the frame is taken by its edge and by its label, and lands on whole steps', () => {
  const hand = createTestEditor();
  hand.drag([256, 100], [356, 103]);
  expect(hand.model().frame).toEqual([104, 0, 256, 256]);
  hand.drag([110, -8], [110, 92]);
  expect(hand.model().frame).toEqual([104, 104, 256, 256]);
});

test('a viewer can select, and nothing else', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.canEdit.set(false);
  hand.drag([450, 450], [600, 600]);
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
  expect(hand.editor.selection.get()).toEqual([id]);
  expect(hand.key('Delete')).toBe(false);
  hand.drag([256, 100], [356, 100]);
  expect(hand.model().frame).toEqual([0, 0, 256, 256]);
});

test('arrow keys nudge by one, with Shift by ten', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.click(450, 450);
  hand.key('ArrowLeft');
  hand.key('Shift+ArrowDown');
  expect(hand.layer(id).transform).toEqual([399, 410, 1, 1, 0]);
});
