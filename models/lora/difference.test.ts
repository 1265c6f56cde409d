import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { concatBytes, encodeField } from '../runtime/protobuf.ts';
import { readGraphWeights } from './graph-weights.ts';
import {
  type Adapter,
  changedOf,
  errorOf,
  merge,
  someTensor,
  tensor,
  writeAdapter,
} from './testing/adapters.ts';

const folder = mkdtempSync(join(tmpdir(), 'gesso-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'full.safetensors');

function write(adapter: Adapter): string {
  writeAdapter(file, adapter);
  return file;
}

const block = 'down_blocks_0_attentions_0_transformer_blocks_0';

describe('a full difference', () => {
  it('is added to weights in either order, whatever alpha lies beside it', async () => {
    const linear = someTensor(1, 8, 32);
    const conv = someTensor(2, 8, 4, 3, 3);
    const adapter = {
      [`lora_unet_${block}_attn2_to_k.diff`]: linear,
      [`lora_unet_${block}_attn2_to_k.alpha`]: tensor([], [5]),
      'lora_unet_conv_in.diff': conv,
    };
    for (const graph of ['script', 'dynamo'] as const) {
      const merged = await merge(graph, [[write(adapter), 0.6]]);
      expect(errorOf(merged, `${block}_attn2_to_k.weight`, (o, i) => 0.6 * linear.at(o, i))).toBeLessThan(
        1e-6,
      );
      expect(errorOf(merged, 'conv_in.weight', (o, c) => 0.6 * conv.values[o * 36 + c])).toBeLessThan(1e-6);
      expect(changedOf(merged)).toHaveLength(2);
    }
  });

  it('is added to the bias of a convolution, of a Gemm and of a MatMul, beside factors for the weight or without', async () => {
    const modules = ['conv_in', 'time_embedding_linear_1', `${block}_ff_net_0_proj`] as const;
    const sizes = [8, 16, 32];
    const biases = modules.map((name, k) => [name, someTensor(k + 3, sizes[k])] as const);
    const [down, up] = [someTensor(6, 1, 4, 3, 3), someTensor(7, 8, 1, 1, 1)];
    const adapter = {
      ...Object.fromEntries(biases.map(([name, bias]) => [`lora_unet_${name}.diff_b`, bias])),
      'lora_unet_conv_in.lora_down.weight': down,
      'lora_unet_conv_in.lora_up.weight': up,
      'lora_unet_conv_in.alpha': tensor([], [0.5]),
    };
    const merged = await merge('script', [[write(adapter), -2]]);
    expect([merged.unread, merged.unmatched]).toEqual([[], []]);
    for (const [name, bias] of biases) {
      expect(errorOf(merged, `${name}.bias`, (o) => -2 * bias.at(o))).toBeLessThan(1e-6);
    }
    const product = (o: number, c: number) => -2 * 0.5 * up.values[o] * down.values[c];
    expect(errorOf(merged, 'conv_in.weight', product)).toBeLessThan(1e-6);
  });

  it('is split among the weights and biases of a fused layer', async () => {
    const [weight, bias] = [someTensor(9, 24, 8), someTensor(8, 24)];
    const name = 'lora_unet_double_blocks_0_img_attn_qkv';
    const merged = await merge('flux', [[write({ [`${name}.diff`]: weight, [`${name}.diff_b`]: bias }), 1]]);
    ['to_q', 'to_k', 'to_v'].forEach((part, k) => {
      const path = `transformer_blocks_0_attn_${part}`;
      expect(errorOf(merged, `${path}.bias`, (o) => bias.at(k * 8 + o))).toBeLessThan(1e-6);
      expect(errorOf(merged, `${path}.weight`, (o, i) => weight.at(k * 8 + o, i))).toBeLessThan(1e-6);
    });
  });

  it('has no place in parameters of another size, or that were stored once for several modules', async () => {
    const merged = await merge('script', [
      [
        write({
          'lora_unet_conv_in.diff_b': someTensor(1, 7),
          'lora_unet_conv_out.diff': someTensor(1, 4, 8),
          // norm1, norm2 and norm3 were equal when this graph was exported, and share one parameter.
          [`lora_unet_${block}_norm1.w_norm`]: someTensor(1, 8),
          [`lora_unet_${block}_norm1.b_norm`]: someTensor(2, 8),
        }),
        1,
      ],
    ]);
    expect(merged.unmatched.toSorted()).toEqual([
      'conv_in.bias',
      'conv_out.weight',
      `${block}_norm1.bias`,
      `${block}_norm1.weight`,
    ]);
    expect(changedOf(merged)).toEqual([]);
  });

  it('finds the parameters of a norm that belong to it alone', () => {
    const initializer = (name: string) =>
      concatBytes([
        encodeField(1, 2),
        encodeField(2, 1),
        encodeField(8, name),
        encodeField(9, new Uint8Array(8)),
      ]);
    const node = (op: string, ...inputs: readonly string[]) =>
      encodeField(1, concatBytes([...inputs.map((input) => encodeField(1, input)), encodeField(4, op)]));
    const graph = concatBytes([
      node('LayerNormalization', 'x', 'a.norm.weight', 'a.norm.bias'),
      node('LayerNormalization', 'y', 'b.norm.weight', 'shared.bias'),
      node('LayerNormalization', 'z', 'val_3.weight', 'shared.bias'),
      ...['a.norm.weight', 'a.norm.bias', 'b.norm.weight', 'shared.bias', 'val_3.weight'].map((name) =>
        encodeField(5, initializer(name)),
      ),
    ]);
    const found = readGraphWeights(encodeField(7, graph)).weights;
    expect(found.map((weight) => `${weight.module}.${weight.parameter}`)).toEqual([
      'a_norm.weight',
      'a_norm.bias',
      'b_norm.weight',
    ]);
  });
});
