import { expect, test } from 'vitest';
import { type Recipe, recipeSchema } from '../../../shared/contracts/recipe.ts';
import { recipeFacts } from './recipe-facts.ts';

const recipe: Recipe = recipeSchema.parse({
  format: 'gesso-recipe/1',
  mode: 'text-to-image',
  prompt: 'a red fox in the snow',
  negativePrompt: '',
  seed: 7,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 0.6,
  pack: { id: 'house-image', version: '1', sha256: 'a'.repeat(64) },
  source: null,
  mask: null,
  controls: [],
  canvas: { id: 'c', version: 12 },
  worker: 'studio-1',
  durationMs: 8_200,
  createdAt: '2026-11-23T12:00:00.000Z',
});

test('a recipe from words alone names no source, no mask and no strength', () => {
  const names = recipeFacts(recipe).map((fact) => fact.name);
  expect(names).toContain('Seed');
  expect(names).toContain('Canvas version');
  expect(names).not.toContain('Strength');
  expect(names).not.toContain('Source');
});

test('a fill names its mask in short and in full', () => {
  const hash = 'b'.repeat(64);
  const facts = recipeFacts({ ...recipe, mode: 'inpaint', mask: { sha256: hash } });
  const mask = facts.find((fact) => fact.name === 'Mask');
  expect(mask).toMatchObject({ value: 'bbbbbbbbbbbb…', full: hash });
  expect(facts.find((fact) => fact.name === 'Strength')?.value).toBe('60 %');
});

test('LoRAs, what had no effect, and the scheduler of an added model are told', () => {
  const facts = recipeFacts({
    ...recipe,
    scheduler: 'EulerDiscreteScheduler',
    loras: [{ name: 'oil-paint', strength: 0.8, sha256: 'c'.repeat(64) }],
    notices: ["LoRA 'oil-paint': 2 of 21 layers have no place in this model."],
  });
  const valueOf = (name: string) => facts.find((fact) => fact.name === name)?.value;
  expect(valueOf('Solver')).toBe('EulerDiscreteScheduler');
  expect(valueOf('LoRA oil-paint')).toBe('0.8');
  expect(valueOf('File of oil-paint')).toBe('cccccccccccc…');
  expect(valueOf('Without effect')).toContain('2 of 21 layers');
});

test('an edit by instruction names its source and both guidances, and no strength', () => {
  const source = { sha256: 'd'.repeat(64) };
  const facts = recipeFacts({ ...recipe, mode: 'instruct', imageGuidanceScale: 1.8, source });
  const valueOf = (name: string) => facts.find((fact) => fact.name === name)?.value;
  expect(valueOf('What')).toBe('Edit');
  expect(valueOf('Guidance')).toBe('3');
  expect(valueOf('Image guidance')).toBe('1.8');
  expect(valueOf('Source')).toBe('dddddddddddd…');
  expect(valueOf('Strength')).toBeUndefined();
});

test('8-bit arithmetic is told, exact is not', () => {
  const told = (one: Recipe) => recipeFacts(one).find((fact) => fact.name === 'Arithmetic')?.value;
  expect(told({ ...recipe, arithmetic: 'int8' })).toBe('Fast (8-bit)');
  expect(told(recipe)).toBeUndefined();
});

test('a reference picture is named with its strength', () => {
  const facts = recipeFacts({ ...recipe, reference: { strength: 0.7, sha256: 'e'.repeat(64) } });
  const valueOf = (name: string) => facts.find((fact) => fact.name === name)?.value;
  expect(valueOf('Follows reference')).toBe('70 %');
  expect(valueOf('Reference picture')).toBe('eeeeeeeeeeee…');
});

test('an enlargement says how many times and from what, and nothing of seed and steps that it did not read', () => {
  const source = { sha256: 'f'.repeat(64) };
  const facts = recipeFacts({ ...recipe, mode: 'upscale', scale: 4, width: 4_096, height: 4_096, source });
  const valueOf = (name: string) => facts.find((fact) => fact.name === name)?.value;
  expect(valueOf('What')).toBe('Enlarge ×4');
  expect(valueOf('Size')).toBe('4096 × 4096');
  expect(valueOf('Source')).toBe('ffffffffffff…');
  for (const name of ['Seed', 'Steps', 'Guidance', 'Solver', 'Strength'])
    expect(valueOf(name)).toBeUndefined();
});
