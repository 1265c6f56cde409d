import { expect, test } from 'vitest';
import { generationRequestSchema } from './generation.ts';
import { parseRecipeText } from './recipe.ts';

/** What the first version wrote, word for word. */
const older = {
  mode: 'text-to-image',
  prompt: 'a red fox',
  negativePrompt: '',
  seed: 7,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 1,
  format: 'gesso-recipe/1',
  pack: { id: 'house-image', version: '0.1.0', sha256: 'a'.repeat(64) },
  source: null,
  mask: null,
  controls: [{ kind: 'edge', strength: 0.7, sha256: 'b'.repeat(64) }],
  canvas: null,
  worker: null,
  durationMs: null,
  createdAt: '2026-11-23T12:00:00.000Z',
};

const { format: _, pack: __, mask: ___, ...settings } = older;
const olderRequest = {
  ...settings,
  controls: undefined,
  pool: 'image',
  pack: 'house-image',
  count: 1,
  frame: [0, 0, 256, 256],
  maskLayerIds: [],
  source: { kind: 'none' },
  parentOutputId: null,
};

test('a recipe from before maps had a range is followed all the way', () => {
  expect(parseRecipeText(JSON.stringify(older))?.controls[0]).toMatchObject({ kind: 'edge', range: [0, 1] });
});

test('a recipe says which arithmetic made it; one from before there was a choice says nothing', () => {
  expect(parseRecipeText(JSON.stringify({ ...older, arithmetic: 'int8' }))?.arithmetic).toBe('int8');
  expect(parseRecipeText(JSON.stringify(older))?.arithmetic).toBeUndefined();
  expect(parseRecipeText(JSON.stringify({ ...older, arithmetic: 'int4' }))).toBeNull();
});

test('a range that is empty or runs backwards is no recipe', () => {
  const [control] = older.controls;
  for (const range of [
    [0.5, 0.5],
    [0.6, 0.2],
    [0, 1.5],
  ]) {
    expect(parseRecipeText(JSON.stringify({ ...older, controls: [{ ...control, range }] }))).toBeNull();
  }
});

test('a request from before there were control layers has none, and is computed exactly', () => {
  const request = generationRequestSchema.parse(olderRequest);
  expect(request.controls).toEqual([]);
  expect(request.arithmetic).toBe('exact');
});

test('only an enlarged picture may be longer than 1,024 pixels a side, and none longer than 4,096', () => {
  const enlarged = { mode: 'upscale', scale: 4, width: 4_096, height: 512 };
  const fits = (change: object) => [
    parseRecipeText(JSON.stringify({ ...older, ...change })) !== null,
    generationRequestSchema.safeParse({ ...olderRequest, ...change }).success,
  ];
  expect(fits(enlarged)).toEqual([true, true]);
  expect(fits({ ...enlarged, width: 4_097 })).toEqual([false, false]);
  expect(fits({ width: 1_024 })).toEqual([true, true]);
  expect(fits({ width: 1_025 })).toEqual([false, false]);
  expect(fits({ height: 1_025 })).toEqual([false, false]);
});

test('a request has a scale exactly where it enlarges, 2 or 4', () => {
  const fits = (change: object) => generationRequestSchema.safeParse({ ...olderRequest, ...change }).success;
  expect(fits({ mode: 'upscale', scale: 2 })).toBe(true);
  expect(fits({ mode: 'upscale', scale: 3 })).toBe(false);
  expect(fits({ mode: 'upscale' })).toBe(false);
  expect(fits({ scale: 2 })).toBe(false);
});
