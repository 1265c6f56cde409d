import { expect, test } from 'vitest';
import { placeUnderFrame } from './frame-anchor.ts';

const stage = { w: 1000, h: 800 };
const size = { w: 300, h: 100, gap: 12 };

test('it stands centred under the frame', () => {
  expect(placeUnderFrame({ x: 300, y: 100, w: 400, h: 400 }, stage, size)).toEqual({ x: 350, y: 512 });
});

test('it goes above a frame that ends at the lower edge', () => {
  expect(placeUnderFrame({ x: 300, y: 300, w: 400, h: 480 }, stage, size)).toEqual({ x: 350, y: 188 });
});

test('it covers the foot of a frame that fills the stage', () => {
  expect(placeUnderFrame({ x: 0, y: 0, w: 1000, h: 800 }, stage, size)).toEqual({ x: 350, y: 688 });
});

test('it stays inside when the frame is far away', () => {
  expect(placeUnderFrame({ x: 5000, y: 9000, w: 400, h: 400 }, stage, size)).toEqual({ x: 688, y: 688 });
  expect(placeUnderFrame({ x: -5000, y: -9000, w: 400, h: 400 }, stage, size)).toEqual({ x: 12, y: 12 });
});
