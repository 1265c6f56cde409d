import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Stroke, tileSize } from '../document/schema.ts';
import { invertAlpha, type MaskTiles, type PixelBounds, rasteriseMask, rasteriseStroke } from './mask.ts';
import { createStrokePainter, strokeBounds } from './stroke-painter.ts';
import { packStroke, type StrokePoint, unpackStroke } from './stroke-points.ts';

function stroke(
  points: readonly (readonly [number, number, number?])[],
  brush: Partial<Omit<Stroke, 'points'>> = {},
): Stroke {
  return {
    id: 's',
    tool: 'brush',
    size: 24,
    opacity: 1,
    hardness: 1,
    by: 'somebody',
    points: packStroke(points.map(([x, y, pressure = 1]) => ({ x, y, pressure }))),
    ...brush,
  };
}

const anyStroke: fc.Arbitrary<Stroke> = fc
  .record({
    points: fc.array(
      fc.tuple(
        fc.integer({ min: -80, max: 600 }),
        fc.integer({ min: -80, max: 600 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
      { minLength: 1, maxLength: 6 },
    ),
    tool: fc.constantFrom('brush' as const, 'eraser' as const),
    size: fc.integer({ min: 1, max: 120 }),
    opacity: fc.constantFrom(0.25, 0.5, 1),
    hardness: fc.constantFrom(0, 0.5, 1),
  })
  .map(({ points, ...brush }) => stroke(points, brush));

const window: PixelBounds = { left: -100, top: -100, width: 720, height: 720 };

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

function paintTiles(strokes: readonly Stroke[]): MaskTiles {
  const tiles: MaskTiles = new Map();
  for (const one of strokes) rasteriseStroke(tiles, one);
  return tiles;
}

function crop(alpha: Uint8Array, from: PixelBounds, to: PixelBounds): Uint8Array {
  const cropped = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y += 1) {
    const start = (y + to.top - from.top) * from.width + to.left - from.left;
    cropped.set(alpha.subarray(start, start + to.width), y * to.width);
  }
  return cropped;
}

test('golden hashes: any change of a single byte of the rasteriser is seen', () => {
  const bounds: PixelBounds = { left: 0, top: 0, width: 256, height: 256 };
  const draw = (...strokes: readonly Stroke[]) => hash(rasteriseMask(new Map(), strokes, bounds));
  const wave = Array.from(
    { length: 60 },
    (_, i) => [20 + i * 3.6, 128 + ((i % 20) - 10) * 5, (i % 30) / 29] as const,
  );
  expect({
    dot: draw(stroke([[128, 128]])),
    soft: draw(stroke([[128, 128]], { hardness: 0, size: 180 })),
    wave: draw(stroke(wave, { size: 40, hardness: 0.6 })),
    faint: draw(stroke(wave, { size: 30, opacity: 0.3 })),
    erased: draw(
      stroke(wave, { size: 60 }),
      stroke(
        [
          [0, 0],
          [255, 255],
        ],
        { tool: 'eraser', hardness: 0.3 },
      ),
    ),
  }).toMatchInlineSnapshot(`
    {
      "dot": "a9ff54adec929fca",
      "erased": "431d5114ea92b5fa",
      "faint": "27b5d940e73bb607",
      "soft": "6ca8a8c0fd8543d3",
      "wave": "f82d1704a1f6418a",
    }
  `);
});

test('a hard dot has its full value inside, nothing outside, and the area of a disc', () => {
  const alpha = rasteriseMask(new Map(), [stroke([[64, 64]], { size: 60 })], {
    left: 0,
    top: 0,
    width: 128,
    height: 128,
  });
  expect(alpha[64 * 128 + 64]).toBe(255);
  expect(alpha[64 * 128 + 64 + 32]).toBe(0);
  const area = alpha.reduce((sum, value) => sum + value, 0) / 255;
  expect(Math.abs(area - Math.PI * 30 * 30)).toBeLessThan(15);
});

test('lighter pressure paints a thinner line', () => {
  const bounds: PixelBounds = { left: 0, top: 0, width: 200, height: 100 };
  const thickness = (pressure: number) => {
    const alpha = rasteriseMask(
      new Map(),
      [
        stroke(
          [
            [20, 50, pressure],
            [180, 50, pressure],
          ],
          { size: 40 },
        ),
      ],
      bounds,
    );
    return Array.from({ length: 100 }, (_, y) => alpha[y * 200 + 100] ?? 0).filter((value) => value > 127)
      .length;
  };
  expect(thickness(1)).toBe(40);
  expect(thickness(0.5)).toBeLessThan(thickness(1));
  expect(thickness(0)).toBe(6);
});

test('opacity is per stroke: crossing oneself adds nothing, a second stroke does', () => {
  const bounds: PixelBounds = { left: 0, top: 0, width: 64, height: 64 };
  const there = [
    [10, 32],
    [54, 32],
    [10, 32],
    [54, 32],
  ] as const;
  const once = stroke(there, { opacity: 0.5 });
  const middle = 32 * 64 + 32;
  expect(rasteriseMask(new Map(), [once], bounds)[middle]).toBe(128);
  expect(rasteriseMask(new Map(), [once, once], bounds)[middle]).toBe(192);
});

test('paint order counts', () => {
  const brush = stroke([
    [10, 32],
    [54, 32],
  ]);
  const eraser = stroke(
    [
      [32, 10],
      [32, 54],
    ],
    { tool: 'eraser' },
  );
  const bounds: PixelBounds = { left: 0, top: 0, width: 64, height: 64 };
  const middle = 32 * 64 + 32;
  expect(rasteriseMask(new Map(), [brush, eraser], bounds)[middle]).toBe(0);
  expect(rasteriseMask(new Map(), [eraser, brush], bounds)[middle]).toBe(255);
});

test('a picture does not depend on its tiling: tiles, one large window and any crop agree byte for byte', () => {
  fc.assert(
    fc.property(
      fc.array(anyStroke, { minLength: 1, maxLength: 4 }),
      fc.tuple(fc.integer({ min: -100, max: 300 }), fc.integer({ min: -100, max: 300 })),
      (strokes, [left, top]) => {
        const whole = rasteriseMask(new Map(), strokes, window);
        expect(hash(rasteriseMask(paintTiles(strokes), [], window))).toBe(hash(whole));
        const part: PixelBounds = { left, top, width: 173, height: 91 };
        expect(hash(rasteriseMask(new Map(), strokes, part))).toBe(hash(crop(whole, window, part)));
      },
    ),
    { numRuns: 25 },
  );
});

test('baking a prefix of the strokes changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyStroke, { minLength: 2, maxLength: 5 }), fc.nat(5), (strokes, cut) => {
      const baked = paintTiles(strokes.slice(0, cut));
      expect(hash(rasteriseMask(baked, strokes.slice(cut), window))).toBe(
        hash(rasteriseMask(new Map(), strokes, window)),
      );
    }),
    { numRuns: 25 },
  );
});

test('rasterising a window leaves the given tiles as they are; painting reports the tiles it changed', () => {
  const tiles = paintTiles([stroke([[100, 100]], { size: 50 })]);
  const before = hash(tiles.get('0,0') ?? new Uint8Array());
  rasteriseMask(tiles, [stroke([[100, 100]], { tool: 'eraser' })], window);
  expect(hash(tiles.get('0,0') ?? new Uint8Array())).toBe(before);
  expect(
    [
      ...rasteriseStroke(
        tiles,
        stroke(
          [
            [250, 10],
            [262, 10],
          ],
          { size: 10 },
        ),
      ),
    ].sort(),
  ).toEqual(['0,0', '1,0']);
  expect(rasteriseStroke(tiles, stroke([[900, 900]], { tool: 'eraser' })).size).toBe(0);
  expect(tiles.has('3,3')).toBe(false);
});

test('turning a mask around twice gives it back', () => {
  const alpha = rasteriseMask(new Map(), [stroke([[20, 20]])], { left: 0, top: 0, width: 40, height: 40 });
  expect(invertAlpha(alpha)[0]).toBe(255);
  expect(invertAlpha(invertAlpha(alpha))).toEqual(alpha);
});

test('live ink painted point by point shows what the stored stroke will show', () => {
  const points: StrokePoint[] = Array.from({ length: 40 }, (_, i) => ({
    x: 30 + i * 5.03,
    y: 100 + (i % 9) * 4.4,
    pressure: 0.4 + (i % 7) / 12,
  }));
  const brush = { tool: 'brush' as const, size: 30, opacity: 0.8, hardness: 0.5 };
  const painter = createStrokePainter(brush);
  for (const point of points) painter.add([point]);
  const stored: Stroke = { ...brush, id: 's', by: 'x', points: packStroke(painter.points()) };
  const coverage = rasteriseMask(new Map(), [{ ...stored, opacity: 1 }], {
    left: 0,
    top: 0,
    width: tileSize,
    height: tileSize,
  });
  expect(painter.coverage.get('0,0')).toEqual(coverage);
  expect(strokeBounds(unpackStroke(stored.points), 30)).not.toBeNull();
});
