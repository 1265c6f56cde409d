import { expect, it } from 'vitest';
import { byDoubles } from '../math/fused.ts';
import { boxMuller, boxMullerLoop } from './box-muller.ts';
import { Mt19937 } from './mt19937.ts';

const count = 16_384;

/** What torch's uniform draws can be: multiples of 2^-24 in [0, 1), the two ends among them. */
function uniforms(): Float32Array {
  const random = new Mt19937(2);
  const values = Float32Array.from({ length: count }, () => (random.word() & 0xffffff) * 2 ** -24);
  values.set([0, 1 - 2 ** -24, 0, 1 - 2 ** -24, 0.5, 0.25]);
  values.set([0, 0, 1 - 2 ** -24, 1 - 2 ** -24, 0.5, 0.125], 8);
  return values;
}

it('gives the same bits with and without the fused instruction', () => {
  const here = uniforms();
  boxMuller(here, 0, count);
  const doubles = boxMullerLoop(byDoubles);
  if (doubles === null) throw new Error('no loop');
  doubles.memory.set(uniforms());
  doubles.run(count / 16);
  expect([...here]).toEqual([...doubles.memory]);
});

it('turns uniform values into normal ones and leaves the others alone', () => {
  const before = uniforms();
  const values = uniforms();
  boxMuller(values, 32, count - 32);
  expect([...values.subarray(0, 32)]).toEqual([...before.subarray(0, 32)]);
  expect([...values.subarray(count - 32)]).toEqual([...before.subarray(count - 32)]);
  for (let at = 32; at < count - 32; at += 16) {
    for (let j = at; j < at + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - before[j]));
      const theta = 2 * Math.PI * before[j + 8];
      expect(values[j]).toBeCloseTo(radius * Math.cos(theta), 5);
      expect(values[j + 8]).toBeCloseTo(radius * Math.sin(theta), 5);
    }
  }
});

it('takes more blocks than fit its memory', () => {
  const once = uniforms();
  boxMuller(once, 0, count);
  const twice = Float32Array.of(...uniforms(), ...uniforms(), ...uniforms().subarray(0, 48));
  boxMuller(twice, 0, twice.length);
  expect([...twice]).toEqual([...once, ...once, ...once.subarray(0, 48)]);
});
