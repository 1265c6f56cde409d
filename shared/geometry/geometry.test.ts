import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Transform } from '../document/schema.ts';
import { boxBetween, boxesOverlap, unionOf } from './box.ts';
import {
  applyTo,
  boundsOf,
  compose,
  cornersOf,
  hitsLayer,
  identityMatrix,
  invert,
  matrixOf,
  transformOf,
} from './matrix.ts';
import { roundTo, snapBox, snapValue } from './snapping.ts';

const number = fc.double({ min: -1_000, max: 1_000, noNaN: true });
const scale = fc.double({ min: 0.05, max: 20, noNaN: true });
const transform: fc.Arbitrary<Transform> = fc.tuple(
  number,
  number,
  scale,
  scale,
  fc.double({ min: -360, max: 360, noNaN: true }),
);

test('a transform and its matrix say the same thing', () => {
  fc.assert(
    fc.property(transform, number, number, (given, x, y) => {
      const there = applyTo(matrixOf(given), { x, y });
      const again = applyTo(matrixOf(transformOf(matrixOf(given))), { x, y });
      expect(again.x).toBeCloseTo(there.x, 5);
      expect(again.y).toBeCloseTo(there.y, 5);
    }),
  );
});

test('a matrix and its inverse compose to the identity; a flat one has none', () => {
  fc.assert(
    fc.property(transform, (given) => {
      const back = invert(matrixOf(given));
      expect(back).toBeDefined();
      if (back === undefined) return;
      const both = compose(back, matrixOf(given));
      expect(both.a).toBeCloseTo(identityMatrix.a, 6);
      expect(both.b).toBeCloseTo(identityMatrix.b, 6);
      expect(both.e).toBeCloseTo(identityMatrix.e, 3);
    }),
  );
  expect(invert(matrixOf([0, 0, 0, 1, 0]))).toBeUndefined();
});

test('quarter turns are exact', () => {
  expect(cornersOf([10, 20, 1, 1, 90], 100, 50)).toEqual([
    { x: 10, y: 20 },
    { x: 10, y: 120 },
    { x: -40, y: 120 },
    { x: -40, y: 20 },
  ]);
  expect(boundsOf([10, 20, 1, 1, 180], 100, 50)).toEqual({ x: -90, y: -30, width: 100, height: 50 });
});

test('a point hits a turned layer exactly where its pixels are', () => {
  const turned: Transform = [100, 100, 1, 1, 45];
  expect(hitsLayer(turned, 100, 100, { x: 100, y: 170 })).toBe(true);
  expect(hitsLayer(turned, 100, 100, { x: 60, y: 105 })).toBe(false);
  expect(hitsLayer([0, 0, 0, 1, 0], 100, 100, { x: 0, y: 0 })).toBe(false);
});

test('boxes: between corners, around others, sharing area', () => {
  expect(boxBetween({ x: 5, y: 1 }, { x: 2, y: 9 })).toEqual({ x: 2, y: 1, width: 3, height: 8 });
  expect(
    unionOf([
      { x: 0, y: 0, width: 1, height: 1 },
      { x: 5, y: -2, width: 1, height: 1 },
    ]),
  ).toEqual({
    x: 0,
    y: -2,
    width: 6,
    height: 3,
  });
  expect(unionOf([])).toBeUndefined();
  const box = { x: 0, y: 0, width: 10, height: 10 };
  expect(boxesOverlap(box, { ...box, x: 10 })).toBe(false);
  expect(boxesOverlap(box, { ...box, x: 9.5 })).toBe(true);
});

test('snapping moves by the nearest line of each axis and names it', () => {
  const other = { x: 100, y: 100, width: 50, height: 50 };
  expect(snapBox({ x: 96, y: 300, width: 20, height: 20 }, [other], 6)).toEqual({
    dx: 4,
    dy: 0,
    guides: [{ axis: 'x', at: 100 }],
  });
  expect(snapBox({ x: 0, y: 0, width: 20, height: 20 }, [other], 6).guides).toEqual([]);
  expect(snapValue(62, [64, 128], 4)).toBe(64);
  expect(snapValue(70, [64, 128], 4)).toBe(70);
  expect(Object.is(roundTo(-10, 64), 0)).toBe(true);
});
