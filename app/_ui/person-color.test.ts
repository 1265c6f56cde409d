import { describe, expect, test } from 'vitest';
import { initialsOf, personColorCount, personColorIndex } from './person-color.ts';

describe('a person’s colour', () => {
  test('is the same for the same id and uses all eight', () => {
    const ids = Array.from({ length: 400 }, (_, at) => `user-${at}`);
    const seen = new Set(ids.map(personColorIndex));
    expect(seen.size).toBe(personColorCount);
    expect(Math.min(...seen)).toBe(1);
    expect(personColorIndex('user-7')).toBe(personColorIndex('user-7'));
  });
});

describe('initials', () => {
  test.each([
    ['Ada Lovelace', 'AL'],
    ['  mira ', 'M'],
    ['Jean Luc van Dam', 'JD'],
    ['', '?'],
    ['𝒳avier', '𝒳'],
  ])('%s → %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
