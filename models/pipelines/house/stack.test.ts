import { expect, it } from 'vitest';
import { keepStack, stack } from './stack.ts';

const a = Float32Array.of(1, 2);
const b = Float32Array.of(3, 4);

it('puts arrays one after the other', () => {
  expect(stack([a, b, a])).toEqual(Float32Array.of(1, 2, 3, 4, 1, 2));
  expect(stack([a])).toBe(a);
});

it('stacks again only when an array is another one', () => {
  const stackKept = keepStack();
  const first = stackKept([a, b]);
  expect(first).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(stackKept([a, b])).toBe(first);
  expect(stackKept([b, a])).toEqual(Float32Array.of(3, 4, 1, 2));
  expect(stackKept([b, a, a])).toEqual(Float32Array.of(3, 4, 1, 2, 1, 2));
  expect(stackKept([b])).toBe(b);
  expect(stackKept([a, Float32Array.from(b)])).toEqual(first);
});
