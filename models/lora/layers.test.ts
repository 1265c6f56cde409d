import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Adapter,
  changedOf,
  errorOf,
  merge,
  someTensor,
  sum,
  tensor,
  writeAdapter,
} from './testing/adapters.ts';

const folder = mkdtempSync(join(tmpdir(), 'gesso-layers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'mixed.safetensors');

function read(adapter: Adapter, metadata?: Readonly<Record<string, string>>) {
  writeAdapter(file, adapter, metadata);
  return merge('script', [[file, 1]]);
}

const block = 'down_blocks_0_attentions_0_transformer_blocks_0';
const lora = (name: string): Adapter => ({
  [`${name}.lora_down.weight`]: someTensor(1, 2, 8),
  [`${name}.lora_up.weight`]: someTensor(2, 8, 2),
});

describe('a file of several kinds', () => {
  it('has each layer read as what it is, by kohya’s names and by PEFT’s', async () => {
    const merged = await read({
      ...lora(`lora_unet_${block}_attn1_to_q`),
      [`base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.hada_w1_a`]: someTensor(
        1,
        8,
        1,
      ),
      [`base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.hada_w1_b`]: someTensor(
        2,
        1,
        8,
      ),
      [`base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.hada_w2_a`]: someTensor(
        3,
        8,
        1,
      ),
      [`base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.hada_w2_b`]: someTensor(
        4,
        1,
        8,
      ),
      [`unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_v.lokr_w1`]: someTensor(5, 2, 2),
      [`unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_v.lokr_w2`]: someTensor(6, 4, 4),
      'lora_unet_conv_in.diff': someTensor(7, 8, 4, 3, 3),
      'lora_unet_conv_in.diff_b': someTensor(8, 8),
    });
    expect([merged.unread, merged.unmatched]).toEqual([[], []]);
    expect(changedOf(merged).toSorted()).toEqual([
      'conv_in.bias',
      'conv_in.weight',
      ...['k', 'q', 'v'].map((name) => `${block}_attn1_to_${name}.weight`),
    ]);
  });

  it.each([
    ['oft_blocks', ' (OFT or BOFT)'],
    ['oft_R.weight', ' (OFT or BOFT)'],
    ['a1.weight', ' (GLoRA)'],
    ['on_input', ' ((IA)³)'],
    ['wd_for_diff', ' (DoRA of the difference alone)'],
    ['lora_B.bias', ' (a bias of the factors)'],
    ['reshape_weight', ' (a weight of another shape)'],
    ['lokr_t1', ''],
    ['rank_dropout', ''],
  ])('leaves a module with %s alone as a whole and names it first', async (part, kind) => {
    const name = `lora_unet_${block}_attn1_to_q`;
    const merged = await read({
      ...lora(name),
      ...lora(`lora_unet_${block}_attn1_to_k`),
      [`${name}.${part}`]: tensor([1], [1]),
    });
    expect(merged.unread).toEqual([`${name}.${part}${kind}`, ...Object.keys(lora(name))]);
    expect(changedOf(merged)).toEqual([`${block}_attn1_to_k.weight`]);
  });

  it('does so with dotted names, without touching modules whose names only begin alike', async () => {
    const path = 'unet.down_blocks.0.attentions.0.transformer_blocks.0';
    const merged = await read({
      ...lora(`${path}.attn1.to_q`),
      ...lora(`${path}.attn1.to_k`),
      [`${path}.attn1.to_q.ia3_l.default`]: tensor([1], [1]),
      'unet.down_blocks.0.scale_shift_table': tensor([1], [1]),
    });
    expect(changedOf(merged)).toEqual([`${block}_attn1_to_k.weight`]);
    expect(merged.unread.slice(0, 2)).toEqual([
      `${path}.attn1.to_q.ia3_l.default ((IA)³)`,
      'unet.down_blocks.0.scale_shift_table',
    ]);
  });

  it('is refused when two kinds change one weight, or factors of a LoRA do not fit', async () => {
    const name = `lora_unet_${block}_attn1_to_q`;
    await expect(read({ ...lora(name), [`${name}.diff`]: someTensor(1, 8, 8) })).rejects.toThrow(
      `${name}.lora_down.weight and ${name}.diff change the same parameter.`,
    );
    await expect(read({ ...lora(name), [`${name}.lora_up.weight`]: someTensor(1, 8, 3) })).rejects.toThrow(
      `${name}.lora_up.weight has shape [8, 3]: its rank of 3 is not the 2 of ${name}.lora_down.weight.`,
    );
    await expect(
      read({ ...lora(name), [`${name}.lora_mid.weight`]: someTensor(1, 3, 2, 3, 3) }),
    ).rejects.toThrow(`${name}.lora_mid.weight has shape [3, 2, 3, 3]`);
    await expect(read({ ...lora(name), [`${name}.alpha`]: tensor([2], [1, 1]) })).rejects.toThrow(
      `${name}.alpha has shape [2]: it is one value.`,
    );
    const peft = `unet.${block}_attn1_to_q`;
    await expect(read({ ...lora(name), [`${peft}.lora_A.weight`]: someTensor(1, 2, 8) })).rejects.toThrow(
      `${name}.lora_down.weight and ${peft}.lora_A.weight are one tensor twice.`,
    );
    await expect(read({ [`${name}.diff`]: tensor([0, 8], []) })).rejects.toThrow(
      `${name}.diff has shape [0, 8]`,
    );
  });
});

describe('PEFT’s settings in the metadata of diffusers', () => {
  const path = 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1';
  const adapter = { ...lora(`${path}.to_q`), ...lora(`${path}.to_k`), ...lora(`${path}.to_v`) };
  const product = (o: number, i: number) =>
    sum(2, (r) => someTensor(2, 8, 2).at(o, r) * someTensor(1, 2, 8).at(r, i));
  const settings = (more: Readonly<Record<string, unknown>>) => ({
    lora_adapter_metadata: JSON.stringify({ 'unet.r': 2, 'unet.lora_alpha': 3, ...more }),
  });

  it.each([
    [{}, [3 / 2, 3 / 2, 3 / 2]],
    [{ 'unet.use_rslora': true }, [3 / Math.SQRT2, 3 / Math.SQRT2, 3 / Math.SQRT2]],
    // A pattern ends with whole names: `o_v` is not `to_v`.
    [{ 'unet.alpha_pattern': { to_q: 5, 'attn1.to_k': 7, o_v: 9 } }, [5 / 2, 7 / 2, 3 / 2]],
    [{ 'text_encoder.lora_alpha': 8, 'unet.lora_alpha': 'many' }, [1, 1, 1]],
  ])('%j scale by %j', async (more, scales) => {
    const merged = await read(adapter, settings(more));
    ['to_q', 'to_k', 'to_v'].forEach((name, k) => {
      const change = (o: number, i: number) => scales[k] * product(o, i);
      expect(errorOf(merged, `${block}_attn1_${name}.weight`, change)).toBeLessThan(1e-6);
    });
  });

  it('lose to an alpha among the tensors', async () => {
    const merged = await read({ ...adapter, [`${path}.to_q.alpha`]: tensor([], [1]) }, settings({}));
    expect(errorOf(merged, `${block}_attn1_to_q.weight`, (o, i) => 0.5 * product(o, i))).toBeLessThan(1e-6);
  });

  it('are refused where a pattern is more than a path', async () => {
    await expect(read(adapter, settings({ 'unet.alpha_pattern': { '^down.*': 5 } }))).rejects.toThrow(
      'unet.alpha_pattern "^down.*" is not a path with an alpha.',
    );
  });
});
