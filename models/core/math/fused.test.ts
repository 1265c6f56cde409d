import { describe, expect, it, vi } from 'vitest';
import { Mt19937 } from '../random/mt19937.ts';
import { byDoubles, compileFused, type FusedMultiplyAdd } from './fused.ts';
import { type VectorLoop, VectorLoopWriter } from './vector-loop.ts';

type Triple = readonly [a: number, b: number, c: number];

/** Blocks of four a, four b and four c; the results take the place of a. */
function fusedLoop(fused: FusedMultiplyAdd): VectorLoop | null {
  const writer = new VectorLoopWriter();
  writer.store(0, fused(writer, writer.load(0), writer.load(4), writer.load(8)));
  return writer.compile(12, 1);
}

function run({ memory, run: loop }: VectorLoop, [a, b, c]: Triple): readonly number[] {
  memory.fill(a, 0, 4).fill(b, 4, 8).fill(c, 8, 12);
  loop(1);
  return [...memory.subarray(0, 4)];
}

/** a·b + c in whole numbers of 2^-120, rounded to the nearest 24 bits, halves to the even one. */
function exactly([a, b, c]: Triple): number {
  const whole = (value: number): bigint => BigInt(value * 2 ** 60);
  const sum = whole(a) * whole(b) + (whole(c) << 60n);
  const size = sum < 0n ? -sum : sum;
  const spare = BigInt(Math.max(size.toString(2).length - 24, 0));
  const unit = 1n << spare;
  const doubled = 2n * (size & (unit - 1n));
  const kept = size >> spare;
  const up = doubled > unit || (doubled === unit && kept % 2n === 1n);
  return Number(((up ? kept + 1n : kept) << spare) * (sum < 0n ? -1n : 1n)) * 2 ** -120;
}

const random = new Mt19937(11);

/** A float32 of either sign with a magnitude from 2^-15 to 2^15. */
function anyFloat(): number {
  const size = Math.fround((1 + random.word() * 2 ** -32) * 2 ** ((random.word() % 30) - 15));
  return random.word() % 2 === 0 ? size : -size;
}

const ulp = 2 ** -23;
/** Sums so close to halfway between two float32 that double precision takes them for halfway. */
const nearTies: readonly Triple[] = [
  [2 ** -24 * (1 + ulp), 1 - ulp, 1 + ulp],
  [2 ** -24 * (1 + ulp), ulp - 1, -1 - ulp],
  [-(2 ** -24) * (1 + ulp), 1 - ulp, 1 + ulp],
  [2 ** -24 * (1 + ulp), 1 - ulp, 1],
  [2 ** -24, 1, 1 + ulp],
  [2 ** -24, 1, 1],
  [-(2 ** -25) * (1 + ulp), 1 - ulp, 1],
  [1 + ulp, 1 + ulp, -1 - 2 * ulp],
  [1, 1, -1],
];

describe('a·b + c rounded once', () => {
  const here = compileFused(fusedLoop);
  const doubles = fusedLoop(byDoubles);
  if (doubles === null) throw new Error('no loop');

  it.each(nearTies)('is exact for %d · %d + %d', (...triple) => {
    const right = Array.from({ length: 4 }, () => exactly(triple));
    expect(run(here, triple)).toEqual(right);
    expect(run(doubles, triple)).toEqual(right);
  });

  it('is not what two roundings give', () => {
    const wrong = nearTies.filter(
      (triple) => Math.fround(triple[0] * triple[1] + triple[2]) !== exactly(triple),
    );
    expect(wrong.length).toBeGreaterThanOrEqual(2);
  });

  it('is exact for any values', () => {
    for (let i = 0; i < 5000; i++) {
      const triple: Triple = [anyFloat(), anyFloat(), anyFloat()];
      const [first] = run(here, triple);
      expect(first).toBe(exactly(triple));
      expect(run(doubles, triple)[3]).toBe(first);
    }
  });

  it('is made of doubles where the engine lacks the instruction', () => {
    const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false);
    const loop = compileFused((fused) => {
      expect(fused).toBe(byDoubles);
      return fusedLoop(fused);
    });
    validate.mockRestore();
    expect(run(loop, nearTies[0])[0]).toBe(1 + ulp);
  });
});
