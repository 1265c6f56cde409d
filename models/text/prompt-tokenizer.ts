/** A tokenizer as diffusion pipelines use it: text to ids, and ids framed to the length a text encoder takes. */
export interface PromptTokenizer {
  readonly bosId: number | null;
  readonly eosId: number;
  readonly padId: number;
  /** Tokens that the text encoder takes, specials included (`model_max_length`). */
  readonly maxLength: number;
  /** Returns the ids of a text without bos, eos or padding. */
  tokenize(text: string): readonly number[];
}

export interface FramedTokens {
  readonly ids: Int32Array;
  /** 1 for a token of the text or a special around it, 0 for padding. */
  readonly mask: Int32Array;
}

/** Returns the whole text with its specials, at its own length. */
export function encodeWhole(tokenizer: PromptTokenizer, text: string): readonly number[] {
  const bos = tokenizer.bosId === null ? [] : [tokenizer.bosId];
  return [...bos, ...tokenizer.tokenize(text), tokenizer.eosId];
}

/** Returns a text cut or padded to `length`. A cut text still ends with eos. */
export function encodePadded(
  tokenizer: PromptTokenizer,
  text: string,
  length: number = tokenizer.maxLength,
): FramedTokens {
  const whole = encodeWhole(tokenizer, text);
  const kept = whole.length > length ? [...whole.slice(0, length - 1), tokenizer.eosId] : whole;
  const ids = new Int32Array(length).fill(tokenizer.padId);
  ids.set(kept);
  return { ids, mask: Int32Array.from(ids, (_, i) => (i < kept.length ? 1 : 0)) };
}
