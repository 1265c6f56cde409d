import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Adapter, errorOf, merge, someTensor, sum, tensor, writeAdapter } from './testing/adapters.ts';

const folder = mkdtempSync(join(tmpdir(), 'gesso-loha-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'loha.safetensors');

function write(adapter: Adapter): string {
  writeAdapter(file, adapter);
  return file;
}

/** 8 outputs, 32 inputs; the graph has the inputs as rows. */
const linear = 'down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
const [a1, b1] = [someTensor(1, 8, 2), someTensor(2, 2, 32)];
const [a2, b2] = [someTensor(3, 8, 2), someTensor(4, 2, 32)];
const plain: Adapter = {
  [`lora_unet_${linear}.hada_w1_a`]: a1,
  [`lora_unet_${linear}.hada_w1_b`]: b1,
  [`lora_unet_${linear}.hada_w2_a`]: a2,
  [`lora_unet_${linear}.hada_w2_b`]: b2,
  [`lora_unet_${linear}.alpha`]: tensor([], [0.5]),
};
const product = (o: number, i: number) =>
  sum(2, (r) => a1.at(o, r) * b1.at(r, i)) * sum(2, (r) => a2.at(o, r) * b2.at(r, i));

describe('LoHa', () => {
  it.each([1, 0.3, -2])('adds strength · alpha/rank · (A₁B₁ ⊙ A₂B₂) at strength %s', async (strength) => {
    for (const graph of ['script', 'dynamo'] as const) {
      const merged = await merge(graph, [[write(plain), strength]]);
      expect(
        errorOf(merged, `${linear}.weight`, (o, i) => strength * (0.5 / 2) * product(o, i)),
      ).toBeLessThan(1e-6);
      expect(errorOf(merged, `${linear}.weight`, () => 0)).toBeGreaterThan(1e-3);
    }
  });

  it('is not scaled without an alpha, and is rounded to the precision of the weights', async () => {
    const { [`lora_unet_${linear}.alpha`]: _, ...bare } = plain;
    const merged = await merge('half', [[write(bare), 1]]);
    expect(errorOf(merged, `unet_${linear}.weight`, product)).toBeLessThan(2 ** -11);
  });

  it('has the kernel in the columns of a convolution without cores', async () => {
    const [b3, b4] = [someTensor(5, 2, 4 * 9), someTensor(6, 2, 4 * 9)];
    const adapter = {
      'lora_unet_conv_in.hada_w1_a': a1,
      'lora_unet_conv_in.hada_w1_b': b3,
      'lora_unet_conv_in.hada_w2_a': a2,
      'lora_unet_conv_in.hada_w2_b': b4,
      'lora_unet_conv_in.alpha': tensor([1], [1]),
    };
    const merged = await merge('script', [[write(adapter), 1]]);
    const change = (o: number, c: number) =>
      0.5 * sum(2, (r) => a1.at(o, r) * b3.at(r, c)) * sum(2, (r) => a2.at(o, r) * b4.at(r, c));
    expect(errorOf(merged, 'conv_in.weight', change)).toBeLessThan(1e-6);
  });

  const [c1, d1, t1] = [someTensor(7, 3, 8), someTensor(8, 3, 4), someTensor(9, 3, 3, 3, 3)];
  const [c2, d2, t2] = [someTensor(10, 3, 8), someTensor(11, 3, 4), someTensor(12, 3, 3, 3, 3)];
  const tucker = {
    'lora_unet_conv_in.hada_w1_a': c1,
    'lora_unet_conv_in.hada_w1_b': d1,
    'lora_unet_conv_in.hada_t1': t1,
    'lora_unet_conv_in.hada_w2_a': c2,
    'lora_unet_conv_in.hada_w2_b': d2,
    'lora_unet_conv_in.hada_t2': t2,
    'lora_unet_conv_in.alpha': tensor([], [6]),
  };

  it('has a core in each half of a convolution: Σ t[n, m, y, x] A[n, o] B[m, i]', async () => {
    const merged = await merge('script', [[write(tucker), 0.7]]);
    const change = (o: number, column: number) => {
      const [i, y, x] = [Math.floor(column / 9), Math.floor((column % 9) / 3), column % 3];
      const half = (t: typeof t1, a: typeof c1, b: typeof d1) =>
        sum(3, (n) => sum(3, (m) => t.at(n, m, y, x) * a.at(n, o) * b.at(m, i)));
      return 0.7 * (6 / 3) * half(t1, c1, d1) * half(t2, c2, d2);
    };
    expect(errorOf(merged, 'conv_in.weight', change)).toBeLessThan(1e-6);
    expect(errorOf(merged, 'conv_in.weight', () => 0)).toBeGreaterThan(1e-3);
  });

  it('is split among the weights of a fused layer', async () => {
    const name = (part: string) => `lora_unet_double_blocks_0_img_attn_qkv.${part}`;
    const [u1, v1, u2, v2] = [
      someTensor(1, 24, 1),
      someTensor(2, 1, 8),
      someTensor(3, 24, 1),
      someTensor(4, 1, 8),
    ];
    const adapter = {
      [name('hada_w1_a')]: u1,
      [name('hada_w1_b')]: v1,
      [name('hada_w2_a')]: u2,
      [name('hada_w2_b')]: v2,
    };
    const merged = await merge('flux', [[write(adapter), 1]]);
    const change = (o: number, i: number) => u1.at(o, 0) * v1.at(0, i) * u2.at(o, 0) * v2.at(0, i);
    ['to_q', 'to_k', 'to_v'].forEach((part, k) => {
      const path = `transformer_blocks_0_attn_${part}.weight`;
      expect(errorOf(merged, path, (o, i) => change(k * 8 + o, i))).toBeLessThan(1e-6);
    });
  });

  it('gets its halves mixed up by nobody: each wrong shape is refused by its name', async () => {
    const key = (part: string) => `lora_unet_${linear}.${part}`;
    const refusal = (adapter: Adapter) => merge('script', [[write(adapter), 1]]);
    await expect(refusal({ ...plain, [key('hada_w1_a')]: someTensor(1, 8, 3) })).rejects.toThrow(
      `${key('hada_w1_a')} has shape [8, 3]: its rank of 3 is not the 2 of ${key('hada_w1_b')}.`,
    );
    await expect(refusal({ ...plain, [key('hada_w2_a')]: someTensor(1, 7, 2) })).rejects.toThrow(
      `${key('hada_w2_a')} has shape [7, 2]`,
    );
    await expect(refusal({ ...plain, [key('hada_w2_b')]: someTensor(1, 2, 31) })).rejects.toThrow(
      `${key('hada_w2_b')} has shape [2, 31]`,
    );
    await expect(
      refusal({
        ...plain,
        [key('hada_w2_a')]: someTensor(1, 8, 4),
        [key('hada_w2_b')]: someTensor(1, 4, 32),
      }),
    ).rejects.toThrow(`${key('hada_w2_b')} has shape [4, 32]: its rank of 4 is not the 2`);
    await expect(
      refusal({ ...tucker, 'lora_unet_conv_in.hada_t2': someTensor(1, 3, 2, 3, 3) }),
    ).rejects.toThrow('lora_unet_conv_in.hada_t2 has shape [3, 2, 3, 3]');
    await expect(refusal({ ...plain, [key('hada_w1_b')]: someTensor(1, 2) })).rejects.toThrow(
      `${key('hada_w1_b')} has shape [2]`,
    );
  });

  it('is left alone, and named, when a factor or a core is missing', async () => {
    const { 'lora_unet_conv_in.hada_t2': _, ...half } = tucker;
    const merged = await merge('script', [[write({ ...plain, ...half }), 1]]);
    expect(merged.unread).toEqual(Object.keys(half));
    expect(errorOf(merged, 'conv_in.weight', () => 0)).toBe(0);
  });
});
