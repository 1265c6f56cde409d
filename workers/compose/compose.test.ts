import { describe, expect, test } from 'vitest';
import {
  type CanvasModel,
  contentHashSchema,
  identityTransform,
  type ImageLayer,
  type Layer,
  layerIdSchema,
  type MaskLayer,
  type Rect,
  settingsSchema,
  type Transform,
} from '../../shared/document/schema.ts';
import { packStroke } from '../../shared/raster/stroke-points.ts';
import { composeFrame, listNeededAssets } from './compose.ts';
import type { RgbaPicture } from './raster.ts';

const base = {
  name: '',
  parent: null,
  index: 'a0',
  opacity: 1,
  blend: 'normal',
  hidden: false,
  locked: false,
} as const;
const hashOf = (letter: string) => contentHashSchema.parse(letter.repeat(64));

function picture(letter: string, changes: Partial<ImageLayer> = {}): ImageLayer {
  const transform: Transform = identityTransform;
  return {
    ...base,
    id: layerIdSchema.parse(letter),
    kind: 'image',
    asset: hashOf(letter),
    width: 4,
    height: 4,
    outputId: null,
    transform,
    ...changes,
  };
}

/** 4 × 4 pixels, pixel (x, y) = (16·x, 16·y, 200, 255). */
const ramp: RgbaPicture = {
  width: 4,
  height: 4,
  data: Uint8Array.from({ length: 64 }, (_, i) => [((i >> 2) % 4) * 16, (i >> 4) * 16, 200, 255][i % 4] ?? 0),
};

function flat(r: number, g: number, b: number, a = 255): RgbaPicture {
  return { width: 4, height: 4, data: Uint8Array.from({ length: 64 }, (_, i) => [r, g, b, a][i % 4] ?? 0) };
}

function canvas(...layers: Layer[]): CanvasModel {
  return {
    layers,
    frame: [0, 0, 4, 4],
    reference: null,
    prompt: '',
    negativePrompt: '',
    settings: settingsSchema.parse({}),
    candidates: [],
  };
}

function compose(
  model: CanvasModel,
  pictures: Record<string, RgbaPicture>,
  frame: Rect = [0, 0, 4, 4],
  size = 4,
) {
  const sources = {
    pictures: new Map(Object.entries(pictures).map(([letter, value]) => [String(hashOf(letter)), value])),
    tiles: new Map<string, Uint8Array>(),
  };
  return composeFrame(model, { frame, width: size, height: size, maskLayerIds: [] }, sources);
}

const pixel = (rgb: Uint8Array, x: number, y: number, width = 4) => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('pictures', () => {
  test('an untouched layer keeps its bytes exactly', () => {
    const { rgb, coverage } = compose(canvas(picture('a')), { a: ramp });
    expect([...rgb]).toEqual([...ramp.data].filter((_, i) => i % 4 !== 3));
    expect(coverage.every((value) => value === 255)).toBe(true);
  });

  test('the frame chooses the part, and coverage says what is missing', () => {
    const { rgb, coverage } = compose(canvas(picture('a')), { a: ramp }, [2, 1, 4, 4]);
    expect(pixel(rgb, 0, 0)).toEqual([32, 16, 200]);
    expect([...coverage.subarray(0, 4)]).toEqual([255, 255, 0, 0]);
    expect([...coverage.subarray(12, 16)]).toEqual([0, 0, 0, 0]);
  });

  test('a quarter turn about the top-left corner is exact', () => {
    const { rgb } = compose(canvas(picture('a', { transform: [4, 0, 1, 1, 90] })), { a: ramp });
    expect(pixel(rgb, 3, 0)).toEqual([0, 0, 200]);
    expect(pixel(rgb, 0, 0)).toEqual([0, 48, 200]);
    expect(pixel(rgb, 3, 3)).toEqual([48, 0, 200]);
  });

  test('a mirrored layer', () => {
    const { rgb } = compose(canvas(picture('a', { transform: [4, 0, -1, 1, 0] })), { a: ramp });
    expect(pixel(rgb, 0, 0)).toEqual([48, 0, 200]);
    expect(pixel(rgb, 3, 0)).toEqual([0, 0, 200]);
  });

  test('shrinking averages, growing keeps the frame fully covered', () => {
    const half = compose(
      canvas(picture('a', { transform: [0, 0, 0.5, 0.5, 0] })),
      { a: ramp },
      [0, 0, 2, 2],
      2,
    );
    expect(pixel(half.rgb, 0, 0, 2)).toEqual([8, 8, 200]);
    const double = compose(
      canvas(picture('a', { transform: [0, 0, 2, 2, 0] })),
      { a: ramp },
      [0, 0, 8, 8],
      8,
    );
    expect(double.coverage.every((value) => value === 255)).toBe(true);
    expect(pixel(double.rgb, 0, 0, 8)).toEqual([0, 0, 200]);
    expect(pixel(double.rgb, 1, 0, 8)).toEqual([4, 0, 200]);
  });

  test('order, opacity, hidden', () => {
    const both = { a: flat(100, 0, 0), b: flat(0, 200, 0) };
    expect(pixel(compose(canvas(picture('a'), picture('b')), both).rgb, 1, 1)).toEqual([0, 200, 0]);
    expect(pixel(compose(canvas(picture('b'), picture('a')), both).rgb, 1, 1)).toEqual([100, 0, 0]);
    expect(pixel(compose(canvas(picture('a'), picture('b', { opacity: 0.25 })), both).rgb, 1, 1)).toEqual([
      75, 50, 0,
    ]);
    expect(pixel(compose(canvas(picture('a'), picture('b', { hidden: true })), both).rgb, 1, 1)).toEqual([
      100, 0, 0,
    ]);
  });

  // Worked by hand from the formulas with backdrop 100 and source 150 of 255.
  test.each([
    ['multiply', 59],
    ['screen', 191],
    ['overlay', 118],
    ['darken', 100],
    ['lighten', 150],
  ] as const)('%s as the W3C formula has it', (blend, want) => {
    const both = { a: flat(100, 0, 0), b: flat(150, 0, 0) };
    expect(compose(canvas(picture('a'), picture('b', { blend })), both).rgb[0]).toBe(want);
  });

  test('half-transparent pixels keep their colour and say their coverage', () => {
    const { rgb, coverage } = compose(canvas(picture('a')), { a: flat(90, 60, 30, 128) });
    expect(pixel(rgb, 0, 0)).toEqual([90, 60, 30]);
    expect(coverage[0]).toBe(128);
  });
});

describe('masks', () => {
  const points = packStroke([{ x: 2, y: 2, pressure: 1 }]);
  const stroke = { id: 's', tool: 'brush', size: 200, opacity: 1, hardness: 1, points, by: 'me' } as const;
  const mask = (changes: Partial<MaskLayer> = {}): MaskLayer => ({
    ...base,
    id: layerIdSchema.parse('m'),
    kind: 'mask',
    transform: identityTransform,
    tiles: new Map(),
    strokes: [stroke],
    inverted: false,
    ...changes,
  });

  test('no mask layer is no mask; a hidden one does not count', () => {
    expect(compose(canvas(picture('a')), { a: ramp }).mask).toBeNull();
    expect(compose(canvas(mask({ hidden: true })), {}).mask).toBeNull();
  });

  test('paint covers, inverting turns it around, an empty inverted mask covers all', () => {
    expect(compose(canvas(mask()), {}).mask?.every((value) => value === 255)).toBe(true);
    expect(compose(canvas(mask({ inverted: true })), {}).mask?.every((value) => value === 0)).toBe(true);
    expect(
      compose(canvas(mask({ inverted: true, strokes: [] })), {}).mask?.every((value) => value === 255),
    ).toBe(true);
  });

  test('a moved mask layer moves its paint', () => {
    const small = { ...stroke, size: 4, points: packStroke([{ x: 0, y: 0, pressure: 1 }]) };
    const moved = compose(canvas(mask({ strokes: [small], transform: [4, 4, 1, 1, 0] })), {}).mask;
    expect(moved?.[0]).toBe(0);
    expect(moved?.[15]).toBe(255);
  });

  test('baked tiles count and are asked for', () => {
    const tiled = canvas(mask({ strokes: [], tiles: new Map([['0,0', hashOf('d')]]) }), picture('a'));
    const needed = listNeededAssets(tiled, { frame: [0, 0, 4, 4], maskLayerIds: [] });
    expect(needed).toEqual({ pictures: [hashOf('a')], tiles: [hashOf('d')] });
    const tile = new Uint8Array(256 * 256).fill(7);
    const sources = {
      pictures: new Map([[String(hashOf('a')), ramp]]),
      tiles: new Map([[String(hashOf('d')), tile]]),
    };
    const made = composeFrame(tiled, { frame: [0, 0, 4, 4], width: 4, height: 4, maskLayerIds: [] }, sources);
    expect(made.mask?.[5]).toBe(7);
  });
});
