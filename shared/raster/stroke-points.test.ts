import fc from 'fast-check';
import { expect, test } from 'vitest';
import { farthestStrokePixel, packStroke, quantisePoint, unpackStroke } from './stroke-points.ts';

const point = fc.record({
  x: fc.double({ min: -40_000, max: 40_000, noNaN: true }),
  y: fc.double({ min: -40_000, max: 40_000, noNaN: true }),
  pressure: fc.double({ min: -0.5, max: 1.5, noNaN: true }),
});

test('a packed stroke reads back as its quantised points, and packs to the same bytes again', () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 60 }), (points) => {
      const bytes = packStroke(points);
      const back = unpackStroke(bytes);
      expect(back.map(({ x, y, pressure }) => [x + 0, y + 0, pressure])).toEqual(
        points.map(quantisePoint).map(({ x, y, pressure }) => [x + 0, y + 0, pressure]),
      );
      expect(packStroke(back)).toEqual(bytes);
    }),
  );
});

test('any bytes read as a finite list of points inside the limit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const points = unpackStroke(bytes);
      expect(points.length * 3).toBeLessThanOrEqual(bytes.length);
      for (const { x, y, pressure } of points) {
        expect(Math.abs(x)).toBeLessThanOrEqual(farthestStrokePixel);
        expect(Math.abs(y)).toBeLessThanOrEqual(farthestStrokePixel);
        expect(pressure).toBeGreaterThanOrEqual(0);
        expect(pressure).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('a freehand stroke takes three to five bytes a point', () => {
  const points = Array.from({ length: 200 }, (_, i) => ({
    x: 100 + i * 1.5,
    y: 80 + ((i * i) % 17) / 4,
    pressure: 0.5,
  }));
  const bytes = packStroke(points).length;
  expect(bytes).toBeGreaterThanOrEqual(600);
  expect(bytes).toBeLessThanOrEqual(1_000);
});
