import { expect, it } from 'vitest';
import { PhiloxGenerator, philox4x32 } from './philox.ts';

/** Known answers published with Random123 (kat_vectors, philox4x32 10). */
it.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('philox4x32-10 of %o', (counter, [low, high], expected) => {
  const state = Uint32Array.from(counter);
  philox4x32(state, low, high);
  expect([...state]).toEqual(expected);
});

it('draws standard normal values, other ones at every call, the same for the same seed', () => {
  const first = new Float32Array(20_000);
  const second = new Float32Array(20_000);
  const rng = new PhiloxGenerator(7);
  rng.randn(first);
  rng.randn(second);
  expect(second).not.toEqual(first);
  const mean = first.reduce((a, b) => a + b, 0) / first.length;
  const square = first.reduce((a, b) => a + b * b, 0) / first.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(square - 1)).toBeLessThan(0.05);
  const again = new Float32Array(20_000);
  new PhiloxGenerator(7n).randn(again);
  expect(again).toEqual(first);
});
