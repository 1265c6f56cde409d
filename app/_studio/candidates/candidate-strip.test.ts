import { expect, test } from 'vitest';
import { neighbour } from './candidate-strip.tsx';

const three = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];

test('looking goes round at both ends', () => {
  expect(neighbour(three, 2, 1)).toBe('a');
  expect(neighbour(three, 0, -1)).toBe('c');
  expect(neighbour(three, 0, 1)).toBe('b');
});

test('looking at nothing starts at the near end', () => {
  expect(neighbour(three, -1, 1)).toBe('a');
  expect(neighbour(three, -1, -1)).toBe('c');
  expect(neighbour([], -1, 1)).toBeNull();
});
