import { expect, it } from 'vitest';
import { createStackPool, keepStack, stack } from './stack.ts';

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

it('uses an array again only after it came back', () => {
  const pool = createStackPool();
  const first = pool.stack([a, b]);
  const second = pool.stack([b, a]);
  expect(second).not.toBe(first);
  expect(first).toEqual(Float32Array.of(1, 2, 3, 4));
  pool.giveBack(first);
  expect(pool.stack([a, b, a])).not.toBe(first);
  expect(pool.stack([b, b])).toBe(first);
  expect(first).toEqual(Float32Array.of(3, 4, 3, 4));
  expect(second).toEqual(Float32Array.of(3, 4, 1, 2));
});

it('takes nothing back that it did not give, nor twice', () => {
  const pool = createStackPool();
  const alone = pool.stack([Float32Array.of(1, 2, 3, 4)]);
  pool.giveBack(alone);
  expect(pool.stack([a, b])).not.toBe(alone);
  const once = pool.stack([a, a]);
  pool.giveBack(once);
  pool.giveBack(once);
  expect(pool.stack([b, b])).toBe(once);
  expect(pool.stack([b, b])).not.toBe(once);
});
