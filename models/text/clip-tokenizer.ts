import type { PromptTokenizer } from './prompt-tokenizer.ts';

/** What a CLIP tokenizer is made of, as its folder states it. */
export interface ClipTokenizerFiles {
  /** vocab.json: token to id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** merges.txt: pairs in order of rank, without the version line. */
  readonly merges: readonly (readonly [string, string])[];
  readonly bosToken: string;
  readonly eosToken: string;
  readonly padToken: string;
  readonly unknownToken: string;
  readonly maxLength: number;
}

/** White space as Unicode defines it; JavaScript's \s misses U+0085 and has U+FEFF besides. */
const SPACES = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/giu;
const END_OF_WORD = '</w>';
const KEPT_WORDS = 20_000;

/**
 * Returns CLIP's tokenizer (Radford et al. 2021): NFC, lower case, words, then byte-level byte-pair encoding (Sennrich et
 * al. 2016) in which the last symbol of a word carries `</w>`.
 *
 * Throws RangeError when a special token is not in the vocabulary.
 */
export function createClipTokenizer(files: ClipTokenizerFiles): PromptTokenizer {
  const { vocabulary } = files;
  const ranks = new Map(files.merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const symbols = byteSymbols();
  const encoder = new TextEncoder();
  const known = new Map<string, readonly number[]>();
  const unknownId = idOf(vocabulary, files.unknownToken);
  // Special tokens are found inside a text too. Where "!" is the padding token, every "!" is one.
  const specialTokens = [...new Set([files.bosToken, files.eosToken, files.padToken, files.unknownToken])];
  const specialIds = new Map(specialTokens.map((token) => [token, idOf(vocabulary, token)]));
  const specials = splitterFor(specialTokens);

  function encodeWord(word: string): readonly number[] {
    const cached = known.get(word);
    if (cached !== undefined) {
      return cached;
    }
    const letters = Array.from(encoder.encode(word), (byte) => symbols[byte]);
    letters[letters.length - 1] += END_OF_WORD;
    const ids = merge(letters, ranks).map((token) => vocabulary.get(token) ?? unknownId);
    if (known.size >= KEPT_WORDS) {
      known.clear();
    }
    known.set(word, ids);
    return ids;
  }

  return {
    bosId: idOf(vocabulary, files.bosToken),
    eosId: idOf(vocabulary, files.eosToken),
    padId: idOf(vocabulary, files.padToken),
    maxLength: files.maxLength,
    tokenize(text) {
      const ids: number[] = [];
      for (const part of normalise(text).split(specials)) {
        const special = specialIds.get(part);
        if (special !== undefined) {
          ids.push(special);
        } else {
          for (const [word] of part.matchAll(WORDS)) {
            ids.push(...encodeWord(word));
          }
        }
      }
      return ids;
    },
  };
}

/** Parses merges.txt; the first line may be a version comment. */
export function parseMerges(text: string): readonly (readonly [string, string])[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  return lines
    .slice(text.startsWith('#version') ? 1 : 0)
    .filter((line) => line !== '')
    .map((line, i) => {
      const [left, right, ...rest] = line.split(' ');
      if (right === undefined || rest.length > 0) {
        throw new RangeError(`merges.txt: merge ${i + 1} is not two symbols: ${JSON.stringify(line)}`);
      }
      return [left, right] as const;
    });
}

/** Case is lowered character by character, so that a final sigma stays what the reference makes of it. */
function normalise(text: string): string {
  const spaced = text.normalize('NFC').replace(SPACES, ' ');
  return Array.from(spaced, (character) => character.toLowerCase()).join('');
}

/** Applies merges, lowest rank first, until none fits. */
function merge(letters: readonly string[], ranks: ReadonlyMap<string, number>): readonly string[] {
  let word = letters;
  while (word.length > 1) {
    let best = Number.POSITIVE_INFINITY;
    let at = -1;
    for (let i = 0; i + 1 < word.length; i += 1) {
      const rank = ranks.get(`${word[i]} ${word[i + 1]}`) ?? Number.POSITIVE_INFINITY;
      if (rank < best) {
        best = rank;
        at = i;
      }
    }
    if (at < 0) {
      return word;
    }
    word = mergePair(word, word[at], word[at + 1]);
  }
  return word;
}

function mergePair(word: readonly string[], left: string, right: string): readonly string[] {
  const out: string[] = [];
  for (let i = 0; i < word.length; i += 1) {
    if (word[i] === left && word[i + 1] === right) {
      out.push(left + right);
      i += 1;
    } else {
      out.push(word[i]);
    }
  }
  return out;
}

/**
 * A printable character for each byte: printable Latin-1 stands for itself, the rest moves to U+0100 and up, in order
 * (the table of GPT-2).
 */
function byteSymbols(): readonly string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    if (printable) {
      return String.fromCharCode(byte);
    }
    next += 1;
    return String.fromCharCode(next - 1);
  });
}

function splitterFor(tokens: readonly string[]): RegExp {
  const escaped = tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`, 'u');
}

function idOf(vocabulary: ReadonlyMap<string, number>, token: string): number {
  const id = vocabulary.get(token);
  if (id === undefined) {
    throw new RangeError(`the vocabulary has no ${token}`);
  }
  return id;
}
