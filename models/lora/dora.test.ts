import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addDecomposed } from './dora.ts';
import {
  type Adapter,
  errorOf,
  type Matrix,
  merge,
  someTensor,
  sum,
  type TensorData,
  tensor,
  writeAdapter,
} from './testing/adapters.ts';
import { viewWeight } from './weight-view.ts';

const folder = mkdtempSync(join(tmpdir(), 'gesso-dora-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(adapter: Adapter, name = 'dora'): string {
  const file = join(folder, `${name}.safetensors`);
  writeAdapter(file, adapter);
  return file;
}

function positive(seed: number, ...shape: readonly number[]): TensorData {
  return tensor(
    shape,
    someTensor(seed, ...shape).values.map((value) => Math.fround(1 + value)),
  );
}

function parameter(of: ReadonlyMap<string, Matrix>, name: string): Matrix {
  const found = of.get(name);
  if (!found) throw new Error(`There is no parameter ${name}.`);
  return found;
}

/** What a decomposed change adds: s · (m (W + ΔW) / ‖W + ΔW‖ − W), with one m and one norm for each group. */
function decomposed(
  weight: Matrix,
  delta: (o: number, c: number) => number,
  groups: { readonly of: (o: number, c: number) => number; readonly magnitudes: readonly number[] },
): (o: number, c: number) => number {
  const sumOf = (o: number, c: number) => weight[o][c] + delta(o, c);
  const squares = groups.magnitudes.map((_, g) =>
    sum(weight.length, (o) => sum(weight[o].length, (c) => (groups.of(o, c) === g ? sumOf(o, c) ** 2 : 0))),
  );
  return (o, c) => {
    const g = groups.of(o, c);
    return (groups.magnitudes[g] * sumOf(o, c)) / Math.sqrt(squares[g]) - weight[o][c];
  };
}

/** 8 outputs, 32 inputs; the graph has the inputs as rows. */
const linear = 'down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
const [down, up] = [someTensor(1, 2, 32), someTensor(2, 8, 2)];
const factors = (name: string) => ({
  [`${name}.lora_down.weight`]: down,
  [`${name}.lora_up.weight`]: up,
  [`${name}.alpha`]: tensor([], [3]),
});
const delta = (o: number, i: number) => (3 / 2) * sum(2, (r) => up.at(o, r) * down.at(r, i));

/** 8 outputs, 8 inputs, 3 × 3: a vector of 8 could be either. */
const conv = 'down_blocks_0_resnets_0_conv1';
const [convDown, convUp] = [someTensor(3, 2, 8, 3, 3), someTensor(4, 8, 2, 1, 1)];
const convDelta = (o: number, c: number) =>
  sum(2, (r) => convUp.values[o * 2 + r] * convDown.values[r * 72 + c]);

describe('DoRA', () => {
  const outputs = positive(5, 8, 1);
  const inputs = positive(6, 1, 32);

  it.each([1, 0.5, -1])(
    'has one magnitude an output where dora_scale is [out, 1], at strength %s',
    async (s) => {
      for (const graph of ['script', 'dynamo'] as const) {
        const adapter = { ...factors(`lora_unet_${linear}`), [`lora_unet_${linear}.dora_scale`]: outputs };
        const merged = await merge(graph, [[write(adapter), s]]);
        const weight = parameter(merged.before, `${linear}.weight`);
        const change = decomposed(weight, delta, { of: (o) => o, magnitudes: outputs.values });
        expect(errorOf(merged, `${linear}.weight`, (o, c) => s * change(o, c))).toBeLessThan(1e-6);
        expect(errorOf(merged, `${linear}.weight`, (o, c) => s * delta(o, c))).toBeGreaterThan(0.05);
      }
    },
  );

  it('has one an input where it is [1, inputs]', async () => {
    const adapter = { ...factors(`lora_unet_${linear}`), [`lora_unet_${linear}.dora_scale`]: inputs };
    const merged = await merge('script', [[write(adapter), 0.8]]);
    const weight = parameter(merged.before, `${linear}.weight`);
    const change = decomposed(weight, delta, { of: (_, c) => c, magnitudes: inputs.values });
    expect(errorOf(merged, `${linear}.weight`, (o, c) => 0.8 * change(o, c))).toBeLessThan(1e-6);
  });

  it('takes the norm of a convolution over its kernel too, and an axis from the place of its 8 magnitudes', async () => {
    const both = {
      [`lora_unet_${conv}.lora_down.weight`]: convDown,
      [`lora_unet_${conv}.lora_up.weight`]: convUp,
    };
    const eight = positive(7, 8).values;
    for (const [shape, of] of [
      [[8, 1, 1, 1], (o: number) => o],
      [[8], (o: number) => o],
      [[1, 8, 1, 1], (_: number, c: number) => Math.floor(c / 9)],
    ] as const) {
      const adapter = { ...both, [`lora_unet_${conv}.dora_scale`]: tensor(shape, eight) };
      const merged = await merge('script', [[write(adapter), 1]]);
      const weight = parameter(merged.before, `${conv}.weight`);
      const change = decomposed(weight, convDelta, { of, magnitudes: eight });
      expect(errorOf(merged, `${conv}.weight`, change)).toBeLessThan(2e-6);
    }
  });

  it('has one an output in PEFT’s files, whose vector is [1, out, 1, 1] for a convolution', async () => {
    const path = 'unet.down_blocks.0.resnets.0.conv1';
    const eight = positive(7, 8).values;
    const names = [
      'lora_magnitude_vector',
      'lora_magnitude_vector.weight',
      'lora_magnitude_vector.default.weight',
    ];
    for (const name of names) {
      const adapter = {
        [`${path}.lora_A.weight`]: convDown,
        [`${path}.lora_B.weight`]: convUp,
        [`${path}.${name}`]: tensor([1, 8, 1, 1], eight),
      };
      const merged = await merge('script', [[write(adapter), 1]]);
      const weight = parameter(merged.before, `${conv}.weight`);
      const change = decomposed(weight, convDelta, { of: (o) => o, magnitudes: eight });
      expect(merged.unread).toEqual([]);
      expect(errorOf(merged, `${conv}.weight`, change)).toBeLessThan(2e-6);
    }
  });

  it('goes with LoHa and LoKr', async () => {
    const [w1, w2] = [someTensor(8, 2, 4), someTensor(9, 4, 8)];
    const kron = (o: number, i: number) => w1.at(Math.floor(o / 4), Math.floor(i / 8)) * w2.at(o % 4, i % 8);
    const [a1, b1, a2, b2] = [
      someTensor(1, 8, 1),
      someTensor(2, 1, 32),
      someTensor(3, 8, 1),
      someTensor(4, 1, 32),
    ];
    const hada = (o: number, i: number) => a1.at(o, 0) * b1.at(0, i) * a2.at(o, 0) * b2.at(0, i);
    const name = (part: string) => `lora_unet_${linear}.${part}`;
    for (const [adapter, change] of [
      [{ [name('lokr_w1')]: w1, [name('lokr_w2')]: w2 }, kron],
      [
        {
          [name('hada_w1_a')]: a1,
          [name('hada_w1_b')]: b1,
          [name('hada_w2_a')]: a2,
          [name('hada_w2_b')]: b2,
        },
        hada,
      ],
    ] as const) {
      const merged = await merge('script', [[write({ ...adapter, [name('dora_scale')]: outputs }), 1]]);
      const weight = parameter(merged.before, `${linear}.weight`);
      const wanted = decomposed(weight, change, { of: (o) => o, magnitudes: outputs.values });
      expect(errorOf(merged, `${linear}.weight`, wanted)).toBeLessThan(1e-6);
    }
  });

  it('sees the weight as the model has it, whatever else is merged and in which order', async () => {
    const name = `lora_unet_${linear}`;
    const first = write({ ...factors(name), [`${name}.dora_scale`]: outputs }, 'first');
    const second = write({ ...factors(name), [`${name}.dora_scale`]: inputs }, 'second');
    const plain = write(factors(name), 'plain');
    const files = [
      [plain, 0.5],
      [first, 0.7],
      [second, -0.4],
    ] as const;
    for (const order of [files, files.toReversed()]) {
      const merged = await merge('script', order);
      const weight = parameter(merged.before, `${linear}.weight`);
      const one = decomposed(weight, delta, { of: (o) => o, magnitudes: outputs.values });
      const two = decomposed(weight, delta, { of: (_, c) => c, magnitudes: inputs.values });
      const all = (o: number, c: number) => 0.5 * delta(o, c) + 0.7 * one(o, c) - 0.4 * two(o, c);
      expect(errorOf(merged, `${linear}.weight`, all)).toBeLessThan(1e-6);
    }
  });

  it('takes norms over inputs through every weight of a fused layer, and magnitudes an output from its own', async () => {
    const name = 'lora_unet_double_blocks_0_img_attn_qkv';
    const parts = ['to_q', 'to_k', 'to_v'].map((part) => `transformer_blocks_0_attn_${part}.weight`);
    const [fusedDown, fusedUp] = [someTensor(10, 2, 8), someTensor(11, 24, 2)];
    const change = (o: number, i: number) => sum(2, (r) => fusedUp.at(o, r) * fusedDown.at(r, i));
    for (const [scale, of] of [
      [positive(12, 1, 8), (_: number, c: number) => c],
      [positive(13, 24, 1), (o: number) => o],
    ] as const) {
      const adapter = {
        [`${name}.lora_down.weight`]: fusedDown,
        [`${name}.lora_up.weight`]: fusedUp,
        [`${name}.dora_scale`]: scale,
      };
      const merged = await merge('flux', [[write(adapter), 1]]);
      const fused = parts.flatMap((part) => parameter(merged.before, part));
      const wanted = decomposed(fused, change, { of, magnitudes: scale.values });
      parts.forEach((part, k) => {
        expect(errorOf(merged, part, (o, c) => wanted(k * 8 + o, c))).toBeLessThan(1e-6);
      });
    }
  });

  it('does so too where the outputs are rows', () => {
    // Two weights of 2 outputs and 1 input with a kernel of 2, and no change: only the magnitudes act.
    const values = [new Float32Array([3, 4, 6, 8]), new Float32Array([5, 12, 0, 2])];
    const norms = [5, 10, 13, 2];
    const magnitudes = new Float32Array([1, 2, 3, 4]);
    const places = values.map((own, k) => {
      const weight = viewWeight(new Uint8Array(own.buffer), 'float32');
      const cut = { from: k * 2, count: 2, order: 'out-in' } as const;
      return { cut, inputs: 1, weight, original: weight, write: (row: Float64Array) => row.fill(0) };
    });
    const wanted = values.map((own, k) =>
      [...own].map((value, i) => {
        const output = k * 2 + Math.floor(i / 2);
        return (value * magnitudes[output]) / norms[output];
      }),
    );
    addDecomposed(places, { axis: 'output', magnitudes, scale: 1, strength: 1, columns: 2 });
    values.forEach((own, k) => own.forEach((value, i) => expect(value).toBeCloseTo(wanted[k][i], 6)));
  });

  it('leaves a weight that came to zero at zero', async () => {
    const plain = await merge('script', []);
    const weight = parameter(plain.before, `${linear}.weight`);
    const whole = { [`lora_unet_${linear}.lora_down.weight`]: tensor([8, 32], weight.flat()) };
    const minus = Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? -1 : 0));
    const adapter = {
      ...whole,
      [`lora_unet_${linear}.lora_up.weight`]: tensor([8, 8], minus),
      [`lora_unet_${linear}.dora_scale`]: outputs,
    };
    const merged = await merge('script', [[write(adapter), 1]]);
    expect(
      parameter(merged.after, `${linear}.weight`)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
  });

  it('is refused by name when its shape cannot be meant, and left alone beside a full difference', async () => {
    const name = `lora_unet_${linear}`;
    const refusal = (extra: Adapter) => merge('script', [[write({ ...factors(name), ...extra }), 1]]);
    for (const [shape, why] of [
      [[7, 1], 'its weight has 8 outputs'],
      [[1, 30], 'its weight has 32 columns'],
      [[32], 'its weight has 8 outputs'],
      [[2, 4], 'magnitudes lie along one dimension'],
    ] as const) {
      await expect(refusal({ [`${name}.dora_scale`]: positive(1, ...shape) })).rejects.toThrow(
        `${name}.dora_scale has shape [${shape.join(', ')}]: ${why}.`,
      );
    }
    expect((await refusal({ [`${name}.dora_scale`]: positive(1, 1, 16) })).unmatched).toEqual([
      `${linear}.weight`,
    ]);
    const two = { [`${name}.dora_scale`]: outputs, [`${name}.lora_magnitude_vector`]: positive(1, 8) };
    expect((await refusal(two)).unread).toContain(`${name}.lora_magnitude_vector`);
    const full = {
      'lora_unet_conv_in.diff': someTensor(1, 8, 4, 3, 3),
      'lora_unet_conv_in.dora_scale': outputs,
    };
    const { unread } = await refusal(full);
    expect(unread).toEqual(Object.keys(full));
  });
});
