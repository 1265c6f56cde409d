import { expect, test } from 'vitest';
import { recipeSchema } from '../../../shared/contracts/recipe.ts';
import { settingsSchema } from '../../../shared/document/schema.ts';
import { referenceFrom, settingsFrom } from './recipe-settings.ts';

const recipe = recipeSchema.parse({
  format: 'gesso-recipe/1',
  mode: 'text-to-image',
  prompt: 'a red fox in the snow',
  negativePrompt: '',
  seed: 7,
  width: 256,
  height: 256,
  steps: 12,
  guidanceScale: 4,
  solver: 'flow-heun',
  strength: 0.3,
  pack: { id: 'house-image', version: '1', sha256: 'a'.repeat(64) },
  source: null,
  mask: null,
  controls: [],
  canvas: null,
  worker: null,
  durationMs: null,
  createdAt: '2026-11-23T12:00:00.000Z',
});
const settings = settingsSchema.parse({});
const shared = { steps: 12, guidanceScale: 4, solver: 'flow-heun', arithmetic: 'exact' };

test('an edit by instruction comes back as one, with its image guidance', () => {
  const edit = { ...recipe, mode: 'instruct', imageGuidanceScale: 2.2 } as const;
  expect(settingsFrom(edit, settings)).toEqual({ ...shared, mode: 'instruct', imageGuidanceScale: 2.2 });
  const usual = { ...recipe, mode: 'instruct' } as const;
  expect(settingsFrom(usual, settings)).toMatchObject({ imageGuidanceScale: 1.5 });
});

test('words that describe a picture end an edit by instruction; other choices of a mode stay', () => {
  expect(settingsFrom(recipe, settings)).toEqual(shared);
  expect(settingsFrom(recipe, { ...settings, mode: 'instruct' })).toEqual({ ...shared, mode: 'auto' });
  const refined = { ...recipe, mode: 'image-to-image' } as const;
  expect(settingsFrom(refined, { ...settings, mode: 'inpaint' })).toEqual({ ...shared, strength: 0.3 });
});

test('a picture computed in 8 bits comes back so, and one without a word about it exactly', () => {
  expect(settingsFrom({ ...recipe, arithmetic: 'int8' }, settings)).toEqual({
    ...shared,
    arithmetic: 'int8',
  });
  expect(settingsFrom(recipe, { ...settings, arithmetic: 'int8' })).toEqual(shared);
});

test('a reference picture comes back with its strength, under the name it has', () => {
  const sha256 = 'b'.repeat(64);
  const followed = referenceFrom({ ...recipe, reference: { strength: 0.4, sha256 } }, null);
  expect(followed).toEqual({ asset: sha256, name: 'Reference', strength: 0.4 });
  const known = followed === null ? null : { ...followed, name: 'Fox', strength: 1 };
  expect(referenceFrom({ ...recipe, reference: { strength: 0.4, sha256 } }, known)).toMatchObject({
    name: 'Fox',
    strength: 0.4,
  });
  expect(referenceFrom(recipe, known)).toBeNull();
});
