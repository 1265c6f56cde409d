import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

/** How ids are framed to the fixed length that a text encoder takes. */
export interface SequenceFrame {
  readonly length: number;
  readonly padId: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
}

/** Turns text into token ids of one fixed length. */
export interface SequenceTokenizer {
  /** Returns exactly `length` ids: bos, text (cut when too long), eos, padding. */
  encode(text: string): Int32Array;
  /** Returns how many tokens of the text do not fit and are cut. */
  countOverflow(text: string): number;
}

const tokenizerJsonSchema = z.looseObject({ model: z.looseObject({ type: z.string() }) });

/**
 * Loads a tokenizer.json (Hugging Face tokenizers format).
 *
 * Throws when the file is not one. Special tokens come from `frame` alone, whatever the file's post-processor adds.
 */
export async function loadSequenceTokenizer(path: string, frame: SequenceFrame): Promise<SequenceTokenizer> {
  const json = tokenizerJsonSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const tokenizer = new Tokenizer(json, {});
  const specials = (frame.bosId === null ? 0 : 1) + (frame.eosId === null ? 0 : 1);
  const room = frame.length - specials;

  function encodeText(text: string): readonly number[] {
    return tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  return {
    encode(text) {
      const ids = encodeText(text).slice(0, room);
      const framed = [
        ...(frame.bosId === null ? [] : [frame.bosId]),
        ...ids,
        ...(frame.eosId === null ? [] : [frame.eosId]),
      ];
      const out = new Int32Array(frame.length).fill(frame.padId);
      out.set(framed);
      return out;
    },
    countOverflow: (text) => Math.max(encodeText(text).length - room, 0),
  };
}
