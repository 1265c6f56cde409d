import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadPromptTokenizer } from './load-tokenizer.ts';
import { encodePadded, encodeWhole } from './prompt-tokenizer.ts';

const folder = join(import.meta.dirname, '../fixtures/golden/tokenizers');
const rowsSchema = z.object({ rows: z.array(z.object({ text: z.string(), ids: z.array(z.number()) })) });
const temporary = mkdtempSync(join(tmpdir(), 'gesso-tokenizer-'));

afterAll(() => rmSync(temporary, { recursive: true }));

function readRows(name: string) {
  return rowsSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))).rows;
}

describe('loadPromptTokenizer', () => {
  it('reads a CLIP folder that has vocab.json and merges.txt only', async () => {
    const clip = await loadPromptTokenizer(join(folder, 'clip'));
    for (const { text, ids } of readRows('clip_expected.json')) {
      expect(encodeWhole(clip, text)).toEqual(ids);
    }
  });

  it('reads T5 from spiece.model alone as from tokenizer.json', async () => {
    for (const name of ['spiece.model', 'tokenizer_config.json']) {
      copyFileSync(join(folder, 't5', name), join(temporary, name));
    }
    const json = await loadPromptTokenizer(join(folder, 't5'));
    const model = await loadPromptTokenizer(temporary);
    for (const { text, ids } of readRows('t5_expected.json')) {
      expect(encodeWhole(json, text)).toEqual(ids);
      expect(encodeWhole(model, text)).toEqual(ids);
    }
  });

  it('reads the RoBERTa tokenizer of CLAP, which keeps case and spaces', async () => {
    const roberta = await loadPromptTokenizer(join(folder, 'roberta'));
    expect(roberta).toMatchObject({ bosId: 0, padId: 1, eosId: 2, maxLength: 32 });
    for (const { text, ids } of readRows('roberta_expected.json')) {
      expect(encodeWhole(roberta, text)).toEqual(ids);
    }
  });

  it('takes "!" in a text for padding where "!" is the padding token', async () => {
    const bang = await loadPromptTokenizer(join(folder, 'clip_pad_bang'));
    expect(bang.padId).toBe(0);
    expect(bang.tokenize('!')).toEqual([0]);
    expect([...encodePadded(bang, '', 4).ids]).toEqual([bang.bosId, bang.eosId, 0, 0]);
  });

  it('keeps eos at the end of a text that is cut', async () => {
    const clip = await loadPromptTokenizer(join(folder, 'clip'));
    const { ids, mask } = encodePadded(clip, 'a b c d e f g', 4);
    expect(ids[3]).toBe(clip.eosId);
    expect([...mask]).toEqual([1, 1, 1, 1]);
  });

  it('says what a folder lacks', async () => {
    await expect(loadPromptTokenizer(join(folder, '..'))).rejects.toThrow(
      /neither vocab\.json with merges\.txt/,
    );
  });
});
