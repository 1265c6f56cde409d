import { expect, test } from 'vitest';
import { describeUnknownWords } from '../../../shared/prompt/vocabulary.ts';
import { readVocabulary } from './vocabulary.ts';

test('the house pack says what it knows', async () => {
  const vocabulary = await readVocabulary('house-image');
  if (vocabulary === null) throw new Error('The house pack has no vocabulary.');
  expect(describeUnknownWords('a red fox in the snow', vocabulary)).toEqual([]);
  expect(describeUnknownWords('a zeppelin', vocabulary).map((unknown) => unknown.word)).toEqual(['zeppelin']);
});

test.each(['nothing-like-it', '../house-image', 'house-image/..', ''])(
  '%s is not a pack of ours',
  async (packId) => {
    expect(await readVocabulary(packId)).toBeNull();
  },
);
