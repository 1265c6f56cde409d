import path from 'node:path';
import { loadPromptTokenizer } from '../../models/text/load-tokenizer.ts';
import { encodePadded, encodeWhole, type PromptTokenizer } from '../../models/text/prompt-tokenizer.ts';
import type { GoldenCase, Level, Verdict } from './level.ts';
import { readJson } from './stored.ts';

/** Padded ids in full, or the length and id they are padded with when nothing is cut. */
type PaddedIds = readonly number[] | { readonly pad_to: number; readonly pad_id: number };

interface Row {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ids77?: PaddedIds;
  readonly ids77_pad_bang_tail?: readonly number[];
  readonly ids64?: PaddedIds;
}

/** Token ids of CLIP and T5 tokenizers, exactly. */
export const level: Level = {
  name: 'tokenizers',
  async cases(dir) {
    const folder = path.join(dir, 'tokenizers');
    return [...(await clipCases(folder)), ...(await t5Cases(folder))];
  },
};

async function clipCases(folder: string): Promise<readonly GoldenCase[]> {
  const suite = readJson<{ rows: readonly Row[] }>(folder, 'clip_expected.json');
  if (!suite) return [];
  const clip = await loadPromptTokenizer(path.join(folder, 'clip'));
  const bang = await loadPromptTokenizer(path.join(folder, 'clip_pad_bang'));
  return suite.rows.map((row, i) => ({
    id: `clip ${i}`,
    run: () =>
      sameIds('ids', encodeWhole(clip, row.text), row.ids) ??
      samePadded('ids77', clip, row, row.ids77) ??
      sameTail('ids77 padded with "!"', encodePadded(bang, row.text, 77).ids, row.ids77_pad_bang_tail),
  }));
}

/** Ids of the Unigram tokenizer with its precompiled normaliser. */
async function t5Cases(folder: string): Promise<readonly GoldenCase[]> {
  const suite = readJson<{ rows: readonly Row[] }>(folder, 't5_expected.json');
  if (!suite) return [];
  const t5 = await loadPromptTokenizer(path.join(folder, 't5'));
  return suite.rows.map((row, i) => ({
    id: `t5 ${i}`,
    run: () => sameIds('ids', encodeWhole(t5, row.text), row.ids) ?? samePadded('ids64', t5, row, row.ids64),
  }));
}

function samePadded(
  what: string,
  tokenizer: PromptTokenizer,
  row: Row,
  expected: PaddedIds | undefined,
): Verdict {
  if (expected === undefined) return null;
  if ('pad_to' in expected) {
    const padding = Array.from(
      { length: Math.max(expected.pad_to - row.ids.length, 0) },
      () => expected.pad_id,
    );
    return sameIds(what, encodePadded(tokenizer, row.text, expected.pad_to).ids, [...row.ids, ...padding]);
  }
  return sameIds(what, encodePadded(tokenizer, row.text, expected.length).ids, expected);
}

function sameTail(what: string, actual: ArrayLike<number>, expected: readonly number[] | undefined): Verdict {
  if (expected === undefined) return null;
  return sameIds(what, Array.from(actual).slice(-expected.length), expected);
}

function sameIds(what: string, actual: ArrayLike<number>, expected: readonly number[]): Verdict {
  const found = Array.from(actual);
  const at = expected.findIndex((id, i) => id !== found[i]);
  if (at < 0 && found.length === expected.length) return null;
  return at < 0
    ? `${what} has ${found.length} ids, expected ${expected.length}`
    : `${what}[${at}] is ${found[at]}, expected ${expected[at]}`;
}
