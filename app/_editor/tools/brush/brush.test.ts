import { expect, test } from 'vitest';
import type { MaskLayer, Stroke } from '../../../../shared/document/schema.ts';
import { unpackStroke } from '../../../../shared/raster/stroke-points.ts';
import { createTestEditor, type TestEditor } from '../../testing/test-editor.ts';

function masks(hand: TestEditor): readonly MaskLayer[] {
  return hand.model().layers.filter((layer) => layer.kind === 'mask');
}

function strokes(hand: TestEditor): readonly Stroke[] {
  return masks(hand).flatMap((mask) => mask.strokes);
}

function withBrush(): TestEditor {
  const hand = createTestEditor();
  hand.key('b');
  return hand;
}

test('the first stroke makes a mask, and one undo takes both away', () => {
  const hand = withBrush();
  hand.drag([100, 100], [200, 100]);
  expect(masks(hand)).toHaveLength(1);
  expect(strokes(hand)).toHaveLength(1);
  expect(strokes(hand)[0]).toMatchObject({ tool: 'brush', size: 48, by: 'tester' });
  hand.key('Mod+z');
  expect(masks(hand)).toHaveLength(0);
  hand.key('Mod+Shift+Z');
  expect(strokes(hand)).toHaveLength(1);
});

test('ink is there while drawing, the document hears of it once, at the end', () => {
  const hand = withBrush();
  const id = hand.addMask();
  let updates = 0;
  hand.doc.on('update', () => {
    updates += 1;
  });
  hand.down(100, 100).move(140, 100).move(180, 100);
  expect(hand.state()).toBe('brush.painting');
  expect(hand.editor.ink.get()?.layerId).toBe(id);
  expect(hand.editor.ink.get()?.painter.coverage.has('0,0')).toBe(true);
  expect(updates).toBe(0);
  hand.up();
  expect(updates).toBe(1);
  expect(hand.editor.ink.get()).toBeNull();
});

test('a stroke goes from where it was pressed to where it was let go, with the pressure of the pen', () => {
  const hand = withBrush();
  hand.down(100, 100, { device: 'pen', pressure: 0.2 });
  hand.move(150, 120, { device: 'pen', pressure: 0.6 }).move(200, 100, { device: 'pen', pressure: 1 });
  hand.up(200, 100, { device: 'pen', pressure: 0 });
  const [stroke] = strokes(hand);
  const points = unpackStroke(stroke?.points ?? new Uint8Array());
  expect(points[0]).toMatchObject({ x: 100, y: 100 });
  expect(points[0]?.pressure).toBeCloseTo(0.2, 2);
  expect(points.at(-1)).toMatchObject({ x: 200, y: 100, pressure: 1 });
});

test('a tap paints a dot', () => {
  const hand = withBrush();
  hand.click(100, 100);
  expect(unpackStroke(strokes(hand)[0]?.points ?? new Uint8Array())).toEqual([
    { x: 100, y: 100, pressure: 1 },
  ]);
});

test('Shift draws straight, from the press or from the end of the last stroke', () => {
  const hand = withBrush();
  hand
    .down(100, 100)
    .move(150, 180, { shift: true })
    .move(200, 100, { shift: true })
    .up(200, 100, { shift: true });
  const points = unpackStroke(strokes(hand)[0]?.points ?? new Uint8Array());
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [100, 100],
    [200, 100],
  ]);
  hand.click(300, 300, { shift: true });
  const joined = unpackStroke(strokes(hand)[1]?.points ?? new Uint8Array());
  expect(joined.map(({ x, y }) => [x, y])).toEqual([
    [200, 100],
    [300, 300],
  ]);
});

test('the eraser needs a mask, then erases on it', () => {
  const hand = createTestEditor();
  hand.key('e');
  hand.drag([100, 100], [200, 100]);
  expect(masks(hand)).toHaveLength(0);
  expect(hand.notices).toHaveLength(1);
  hand.addMask();
  hand.drag([100, 100], [200, 100]);
  expect(strokes(hand)[0]?.tool).toBe('eraser');
});

test('the eraser end of a pen erases with the brush in hand', () => {
  const hand = withBrush();
  hand.addMask();
  hand.drag([100, 100], [200, 100], { device: 'pen', button: 'eraser' });
  expect(strokes(hand)[0]?.tool).toBe('eraser');
});

test('paint goes to the selected mask; a locked one says so and takes none', () => {
  const hand = withBrush();
  const one = hand.addMask();
  const two = hand.addMask();
  hand.editor.selection.set([one]);
  hand.drag([100, 100], [200, 100]);
  expect(hand.layer(one)).toMatchObject({ strokes: [{ tool: 'brush' }] });
  hand.editor.document.apply('Lock layer', [{ type: 'patch-layer', id: one, patch: { locked: true } }]);
  hand.drag([100, 100], [200, 100]);
  expect(strokes(hand)).toHaveLength(1);
  expect(hand.notices.at(-1)?.text).toContain('locked');
  hand.editor.selection.set([]);
  hand.drag([100, 100], [200, 100]);
  expect(hand.layer(two)).toMatchObject({ strokes: [{ tool: 'brush' }] });
});

test('strokes are stored in the pixels of their mask, whatever the camera and the mask do', () => {
  const hand = withBrush();
  const id = hand.addMask();
  hand.editor.document.apply('Move layer', [
    { type: 'patch-layer', id, patch: { transform: [50, 20, 2, 2, 0] } },
  ]);
  hand.editor.camera.set({ x: 10, y: 10, zoom: 2 });
  hand.click(100, 100);
  const [stroke] = strokes(hand);
  expect(stroke?.size).toBe(24);
  expect(unpackStroke(stroke?.points ?? new Uint8Array())[0]).toMatchObject({ x: 5, y: 20 });
});

test('[ and ] change the size of what is in hand, within limits', () => {
  const hand = withBrush();
  hand.key(']');
  expect(hand.editor.brush.get().size).toBe(54);
  hand.key('e');
  hand.key('[');
  expect(hand.editor.eraser.get().size).toBe(42);
  expect(hand.editor.brush.get().size).toBe(54);
  for (let i = 0; i < 60; i += 1) hand.key('[');
  expect(hand.editor.eraser.get().size).toBe(1);
});

test('a very long stroke becomes several that join', () => {
  const hand = withBrush();
  hand.addMask();
  hand.down(0, 0);
  for (let i = 1; i <= 21_000; i += 1) hand.move(i % 2 === 0 ? 0 : 2, (i % 900) / 2);
  hand.up();
  expect(strokes(hand).length).toBeGreaterThan(1);
  for (const stroke of strokes(hand)) expect(stroke.points.length).toBeLessThan(256 * 1024);
  const [first, second] = strokes(hand).map((stroke) => unpackStroke(stroke.points));
  expect(second?.[0]).toEqual(first?.at(-1));
  hand.key('Mod+z');
  expect(strokes(hand)).toHaveLength(0);
});

test('Escape throws a stroke away', () => {
  const hand = withBrush();
  hand.down(100, 100).move(200, 200);
  hand.key('Escape');
  hand.up(200, 200);
  expect(masks(hand)).toHaveLength(0);
  expect(hand.editor.ink.get()).toBeNull();
});
