import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Adapter, errorOf, merge, someTensor, sum, tensor, writeAdapter } from './testing/adapters.ts';

const folder = mkdtempSync(join(tmpdir(), 'gesso-lokr-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'lokr.safetensors');

function write(adapter: Adapter): string {
  writeAdapter(file, adapter);
  return file;
}

/** 8 outputs, 32 inputs; the graph has the inputs as rows. */
const linear = 'down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
const key = (part: string) => `lora_unet_${linear}.${part}`;

/** (C ⊗ D)[o, i] = C[⌊o/rows of D⌋, ⌊i/columns of D⌋] · D[o mod rows, i mod columns]. */
const block = (index: number, size: number) => [Math.floor(index / size), index % size] as const;

describe('LoKr', () => {
  const w1 = someTensor(1, 2, 4);
  const w2 = someTensor(2, 4, 8);

  it('adds strength · C₁ ⊗ C₂, and lets an alpha beside two whole matrices scale nothing', async () => {
    const adapter = { [key('lokr_w1')]: w1, [key('lokr_w2')]: w2, [key('alpha')]: tensor([], [7]) };
    for (const graph of ['script', 'dynamo'] as const) {
      const merged = await merge(graph, [[write(adapter), -0.6]]);
      const change = (o: number, i: number) => {
        const [[p, q], [r, s]] = [block(o, 4), block(i, 8)];
        return -0.6 * w1.at(p, r) * w2.at(q, s);
      };
      expect(errorOf(merged, `${linear}.weight`, change)).toBeLessThan(1e-6);
      expect(errorOf(merged, `${linear}.weight`, () => 0)).toBeGreaterThan(1e-2);
    }
  });

  it('divides alpha by the rank of a product, of the second matrix or of both', async () => {
    const [a1, b1] = [someTensor(3, 2, 3), someTensor(4, 3, 4)];
    const [a2, b2] = [someTensor(5, 4, 3), someTensor(6, 3, 8)];
    const second = { [key('lokr_w2_a')]: a2, [key('lokr_w2_b')]: b2, [key('alpha')]: tensor([], [1.5]) };
    const one = await merge('script', [[write({ [key('lokr_w1')]: w1, ...second }), 1]]);
    const both = await merge('script', [
      [write({ [key('lokr_w1_a')]: a1, [key('lokr_w1_b')]: b1, ...second }), 1],
    ]);
    const product2 = (q: number, s: number) => sum(3, (k) => a2.at(q, k) * b2.at(k, s));
    expect(
      errorOf(one, `${linear}.weight`, (o, i) => {
        const [[p, q], [r, s]] = [block(o, 4), block(i, 8)];
        return (1.5 / 3) * w1.at(p, r) * product2(q, s);
      }),
    ).toBeLessThan(1e-6);
    expect(
      errorOf(both, `${linear}.weight`, (o, i) => {
        const [[p, q], [r, s]] = [block(o, 4), block(i, 8)];
        return (1.5 / 3) * sum(3, (k) => a1.at(p, k) * b1.at(k, r)) * product2(q, s);
      }),
    ).toBeLessThan(1e-6);
  });

  it('is split among the weights of a fused layer', async () => {
    const name = (part: string) => `lora_unet_double_blocks_0_img_attn_qkv.${part}`;
    // Blocks of 6 rows lie across the borders of the three weights of 8.
    const [c1, c2] = [someTensor(14, 4, 2), someTensor(15, 6, 4)];
    const merged = await merge('flux', [[write({ [name('lokr_w1')]: c1, [name('lokr_w2')]: c2 }), 1]]);
    const change = (o: number, i: number) => {
      const [[p, q], [r, s]] = [block(o, 6), block(i, 4)];
      return c1.at(p, r) * c2.at(q, s);
    };
    ['to_q', 'to_k', 'to_v'].forEach((part, k) => {
      const path = `transformer_blocks_0_attn_${part}.weight`;
      expect(errorOf(merged, path, (o, i) => change(k * 8 + o, i))).toBeLessThan(1e-6);
    });
  });

  describe('of a convolution of 8 outputs and 4 inputs with a kernel of 3 × 3', () => {
    const c1 = someTensor(7, 2, 2);
    const name = (part: string) => `lora_unet_conv_in.${part}`;
    /** Column (i · 3 + y) · 3 + x of the weight. */
    const places = (o: number, column: number) => {
      const [i, y, x] = [Math.floor(column / 9), Math.floor((column % 9) / 3), column % 3];
      const [[p, q], [r, s]] = [block(o, 4), block(i, 2)];
      return { p, q, r, s, y, x };
    };

    it('has the kernel in the whole second matrix', async () => {
      const c2 = someTensor(8, 4, 2, 3, 3);
      const merged = await merge('script', [[write({ [name('lokr_w1')]: c1, [name('lokr_w2')]: c2 }), 1]]);
      const change = (o: number, column: number) => {
        const { p, q, r, s, y, x } = places(o, column);
        return c1.at(p, r) * c2.at(q, s, y, x);
      };
      expect(errorOf(merged, 'conv_in.weight', change)).toBeLessThan(1e-6);
    });

    it('has it in the columns of a product, flat or not', async () => {
      const [a, b] = [someTensor(9, 4, 2), someTensor(10, 2, 2, 3, 3)];
      for (const shape of [
        [2, 18],
        [2, 2, 3, 3],
      ]) {
        const adapter = {
          [name('lokr_w1')]: c1,
          [name('lokr_w2_a')]: a,
          [name('lokr_w2_b')]: tensor(shape, b.values),
          [name('alpha')]: tensor([], [1]),
        };
        const merged = await merge('script', [[write(adapter), 1]]);
        const change = (o: number, column: number) => {
          const { p, q, r, s, y, x } = places(o, column);
          return 0.5 * c1.at(p, r) * sum(2, (k) => a.at(q, k) * b.at(k, s, y, x));
        };
        expect(errorOf(merged, 'conv_in.weight', change)).toBeLessThan(1e-6);
      }
    });

    const [a, b, t] = [someTensor(11, 3, 4), someTensor(12, 3, 2), someTensor(13, 3, 3, 3, 3)];
    const tucker = {
      [name('lokr_w1')]: c1,
      [name('lokr_w2_a')]: a,
      [name('lokr_w2_b')]: b,
      [name('lokr_t2')]: t,
      [name('alpha')]: tensor([], [2]),
    };

    it('has it in a core: Σ t[n, m, y, x] a[n, o] b[m, i]', async () => {
      const merged = await merge('script', [[write(tucker), 0.9]]);
      const change = (o: number, column: number) => {
        const { p, q, r, s, y, x } = places(o, column);
        const second = sum(3, (n) => sum(3, (m) => t.at(n, m, y, x) * a.at(n, q) * b.at(m, s)));
        return 0.9 * (2 / 3) * c1.at(p, r) * second;
      };
      expect(errorOf(merged, 'conv_in.weight', change)).toBeLessThan(1e-6);
      expect(errorOf(merged, 'conv_in.weight', () => 0)).toBeGreaterThan(1e-2);
    });

    it('refuses wrong shapes by name, and leaves what has a factor too many', async () => {
      const refusal = (adapter: Adapter) => merge('script', [[write(adapter), 1]]);
      await expect(refusal({ ...tucker, [name('lokr_t2')]: someTensor(1, 2, 3, 3, 3) })).rejects.toThrow(
        `${name('lokr_t2')} has shape [2, 3, 3, 3]: it does not begin with the rank of ${name('lokr_w2_b')}`,
      );
      await expect(refusal({ ...tucker, [name('lokr_w2_a')]: someTensor(1, 4, 3) })).rejects.toThrow(
        `${name('lokr_w2_a')} has shape [4, 3]: its rank of 4 is not the 3 of ${name('lokr_w2_b')}`,
      );
      const { [name('lokr_w1')]: _, ...rest } = tucker;
      await expect(
        refusal({
          ...rest,
          [name('lokr_w1_a')]: someTensor(1, 2, 2),
          [name('lokr_w1_b')]: someTensor(1, 2, 2),
        }),
      ).rejects.toThrow(`${name('lokr_w2_b')} has shape [3, 2]: its rank of 3 is not the 2`);
      const crowded = { ...tucker, [name('lokr_w2')]: someTensor(1, 4, 2, 3, 3) };
      expect((await refusal(crowded)).unread).toEqual(Object.keys(crowded));
    });

    it('has no place in a weight of another shape', async () => {
      const merged = await merge('script', [
        [write({ [name('lokr_w1')]: c1, [name('lokr_w2')]: someTensor(8, 4, 3, 3, 3) }), 1],
      ]);
      expect(merged.unmatched).toEqual(['conv_in.weight']);
    });
  });
});
