import { describe, expect, it } from 'vitest';
import { describeUnknownWords, formatUnknownWord, vocabularySchema } from './vocabulary.ts';

const vocabulary = vocabularySchema.parse({
  concepts: [
    { name: 'fox', synonyms: ['vixen'] },
    { name: 'castle', synonyms: ['fortress'] },
    { name: 'butterfly', synonyms: [] },
    'polar bear',
  ],
  colors: ['red'],
  backgrounds: ['snow', 'beach'],
  styles: ['pixel art'],
  relations: ['on top of'],
  functionWords: ['beautiful'],
  nearest: { lighthouse: 'castle' },
});

describe('describeUnknownWords', () => {
  it('is silent when every word is known', () => {
    expect(describeUnknownWords('A beautiful red Fox on top of the snow, pixel art', vocabulary)).toEqual([]);
  });

  it("takes the nearest concept from the pack's table", () => {
    expect(describeUnknownWords('a lighthouse on the beach', vocabulary)).toEqual([
      { word: 'lighthouse', nearest: 'castle' },
    ]);
  });

  it('knows plurals, possessives and synonyms', () => {
    expect(describeUnknownWords("three foxes, two butterflies and the fox's fortresses", vocabulary)).toEqual(
      [],
    );
  });

  it('finds a misspelt concept by its spelling, with the concept name for a synonym', () => {
    expect(describeUnknownWords('a buterfly and a fortrses', vocabulary)).toEqual([
      { word: 'buterfly', nearest: 'butterfly' },
      { word: 'fortrses', nearest: 'castle' },
    ]);
  });

  it('names each unknown word once and has no nearest for a stranger', () => {
    expect(describeUnknownWords('zeppelin zeppelin', vocabulary)).toEqual([
      { word: 'zeppelin', nearest: null },
    ]);
  });

  it('does not take prompt syntax or object keys for words', () => {
    expect(describeUnknownWords('<lora:zeppelin:0.8> (fox:1.2) BREAK snow', vocabulary)).toEqual([]);
    expect(describeUnknownWords('constructor', vocabulary)).toEqual([{ word: 'constructor', nearest: null }]);
  });

  it('stays short for a long strange prompt', () => {
    const prompt = Array.from(
      { length: 400 },
      (_, i) => `qx${String.fromCharCode(97 + (i % 26)).repeat(3)}${'z'.repeat(i % 9)}`,
    );
    expect(describeUnknownWords(prompt.join(' '), vocabulary).length).toBe(12);
  });
});

describe('formatUnknownWord', () => {
  it('says what is nearest, or that nothing is', () => {
    expect(formatUnknownWord({ word: 'lighthouse', nearest: 'castle' })).toContain('“castle”');
    expect(formatUnknownWord({ word: 'zeppelin', nearest: null })).toContain('nothing it knows is close');
  });
});
