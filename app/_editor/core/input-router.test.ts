import { expect, test } from 'vitest';
import { screenPoint } from '../../../shared/geometry/point.ts';
import { createTestEditor } from '../testing/test-editor.ts';
import { toCanvas } from './camera.ts';

const touch = (pointerId: number, time: number) => ({ device: 'touch' as const, pointerId, time });

test('one finger acts as the tool, two pan and zoom about their middle', () => {
  const hand = createTestEditor();
  const under = toCanvas(hand.editor.camera.get(), screenPoint(500, 400));
  hand.down(450, 400, touch(1, 0)).down(550, 400, touch(2, 40));
  hand.move(400, 400, touch(1, 60)).move(600, 400, touch(2, 80));
  expect(hand.editor.camera.get().zoom).toBeCloseTo(2);
  const now = toCanvas(hand.editor.camera.get(), screenPoint(500, 400));
  expect(now.x).toBeCloseTo(under.x);
  expect(now.y).toBeCloseTo(under.y);
  hand.up(400, 400, touch(1, 100)).up(600, 400, touch(2, 110));
  expect(hand.state()).toBe('select.idle');
});

test('a stroke that turns out to be a pinch leaves no paint', () => {
  const hand = createTestEditor();
  hand.key('b');
  hand.down(100, 100, touch(1, 0)).move(110, 100, touch(1, 50)).down(300, 100, touch(2, 100));
  expect(hand.editor.ink.get()).toBeNull();
  hand.up(110, 100, touch(1, 200)).up(300, 100, touch(2, 200));
  expect(hand.model().layers).toHaveLength(0);
});

test('once a pen was seen, a finger pans and never paints; a palm under the pen does nothing', () => {
  const hand = createTestEditor();
  hand.key('b');
  const pen = { device: 'pen' as const, pointerId: 9 };
  hand
    .down(100, 100, { ...pen, time: 1_000 })
    .down(400, 500, touch(1, 1_010))
    .move(420, 520, touch(1, 1_020));
  expect(hand.editor.camera.get()).toEqual({ x: 0, y: 0, zoom: 1 });
  hand.up(100, 100, { ...pen, time: 1_100 }).up(420, 520, touch(1, 1_110));
  expect(hand.model().layers).toHaveLength(1);
  hand.down(400, 400, touch(2, 5_000)).move(430, 400, touch(2, 5_020)).up(430, 400, touch(2, 5_040));
  expect(hand.editor.camera.get().x).toBe(-30);
  expect(hand.model().layers.flatMap((layer) => (layer.kind === 'mask' ? layer.strokes : []))).toHaveLength(
    1,
  );
});

test('a wheel notch zooms to the pointer, a trackpad pans, a pinch zooms', () => {
  const hand = createTestEditor();
  const point = screenPoint(300, 200);
  const wheel = { point, dx: 0, dy: 0, pinch: false, shift: false, alt: false, mod: false };
  hand.router.wheel({ ...wheel, dy: -100, mod: true });
  const { zoom } = hand.editor.camera.get();
  expect(zoom).toBeGreaterThan(1.1);
  expect(toCanvas(hand.editor.camera.get(), point).x).toBeCloseTo(300);
  hand.editor.camera.set({ x: 0, y: 0, zoom: 1 });
  hand.router.wheel({ ...wheel, dx: 30, dy: 12 });
  expect(hand.editor.camera.get()).toEqual({ x: 30, y: 12, zoom: 1 });
  hand.router.wheel({ ...wheel, dy: -10, pinch: true });
  expect(hand.editor.camera.get().zoom).toBeGreaterThan(1.05);
});

test('the middle button drags the canvas and gives the tool back', () => {
  const hand = createTestEditor();
  hand.key('b');
  hand.down(100, 100, { button: 'middle' });
  expect(hand.state()).toBe('hand.panning');
  hand.move(150, 120).up(150, 120, { button: 'middle' });
  expect(hand.editor.camera.get()).toEqual({ x: -50, y: -20, zoom: 1 });
  expect(hand.state()).toBe('brush.idle');
});

test('moving the canvas by oneself ends following somebody', () => {
  const hand = createTestEditor();
  hand.editor.following.set(7);
  hand.key('0');
  expect(hand.editor.following.get()).toBeNull();
});

test('a pointer that the system takes away cancels the gesture', () => {
  const hand = createTestEditor();
  const id = hand.addImage({ x: 400, y: 400 });
  hand.down(450, 450).move(600, 600);
  hand.router.pointerCancel(1);
  expect(hand.editor.drag.get()).toBeNull();
  expect(hand.layer(id).transform).toEqual([400, 400, 1, 1, 0]);
});
