import { describe, expect, it } from 'vitest';
import { Mt19937 } from './mt19937.ts';

describe('the Mersenne Twister', () => {
  it('gives the words that the C++ standard states for its default seed', () => {
    const engine = new Mt19937(5489);
    const words = Array.from({ length: 10_000 }, () => engine.word());
    expect(words[0]).toBe(3_499_211_612);
    expect(words[9_999]).toBe(4_123_659_995);
  });

  it('hands out the same words one by one and as uniform values', () => {
    const single = new Mt19937(3);
    const many = new Mt19937(3);
    const values = new Float32Array(2_000);
    many.uniforms(values, 700);
    expect([...values.subarray(0, 700)].every((value) => value === 0)).toBe(true);
    for (const value of values.subarray(700)) expect(value).toBe((single.word() & 0xffffff) * 2 ** -24);
    expect(many.word()).toBe(single.word());
  });

  it('keeps two engines apart', () => {
    const alone = new Mt19937(1);
    const expected = Array.from({ length: 1_500 }, () => alone.word());
    const one = new Mt19937(1);
    const other = new Mt19937(2);
    const mixed = expected.map(() => [one.word(), other.word()][0]);
    expect(mixed).toEqual(expected);
  });
});
