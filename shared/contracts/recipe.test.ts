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
  const { format: _, pack: __, mask: ___, ...settings } = older;
  const request = generationRequestSchema.parse({
    ...settings,
    controls: undefined,
    pool: 'image',
    pack: 'house-image',
    count: 1,
    frame: [0, 0, 256, 256],
    maskLayerIds: [],
    source: { kind: 'none' },
    parentOutputId: null,
  });
  expect(request.controls).toEqual([]);
  expect(request.arithmetic).toBe('exact');
});
