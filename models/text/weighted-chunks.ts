import type { ParsedPrompt } from './prompt-syntax.ts';
import type { PromptTokenizer } from './prompt-tokenizer.ts';

/** One run of a text encoder: its ids, and the weight of each. */
export interface WeightedChunk {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
}

/**
 * Cuts a prompt of any length into chunks that a text encoder takes, each framed by bos and eos and padded. A BREAK starts
 * a new chunk. `count`: at least this many chunks; those beyond the prompt are empty. Special tokens and padding weigh 1.
 */
export function chunkPrompt(
  prompt: ParsedPrompt,
  tokenizer: PromptTokenizer,
  count: number = 1,
): readonly WeightedChunk[] {
  const room = tokenizer.maxLength - (tokenizer.bosId === null ? 1 : 2);
  const contents: (readonly (readonly [id: number, weight: number])[])[] = [];
  for (const part of prompt.parts) {
    const tokens = part.flatMap(({ text, weight }) =>
      tokenizer.tokenize(text).map((id) => [id, weight] as const),
    );
    for (let from = 0; from === 0 || from < tokens.length; from += room) {
      contents.push(tokens.slice(from, from + room));
    }
  }
  while (contents.length < count) {
    contents.push([]);
  }
  return contents.map((tokens) => frame(tokens, tokenizer));
}

function frame(
  tokens: readonly (readonly [id: number, weight: number])[],
  { bosId, eosId, padId, maxLength }: PromptTokenizer,
): WeightedChunk {
  const start = bosId === null ? 0 : 1;
  const ids = new Int32Array(maxLength).fill(padId);
  const weights = new Float32Array(maxLength).fill(1);
  if (bosId !== null) {
    ids[0] = bosId;
  }
  tokens.forEach(([id, weight], i) => {
    ids[start + i] = id;
    weights[start + i] = weight;
  });
  ids[start + tokens.length] = eosId;
  return { ids, weights };
}

/**
 * Multiplies the states [length, width] of each token by its weight, then scales all of them so that their mean stays what
 * it was: emphasis moves within a prompt, it does not make the whole prompt louder. In place.
 */
export function applyWeights(states: Float32Array, weights: Float32Array): void {
  if (weights.every((weight) => weight === 1)) {
    return;
  }
  const width = states.length / weights.length;
  const before = sum(states);
  for (let i = 0; i < states.length; i += 1) {
    states[i] *= weights[Math.floor(i / width)];
  }
  const after = sum(states);
  // A mean near zero, or one that changed sign, says nothing about loudness.
  const scale = before / after;
  if (Number.isFinite(scale) && scale > 0.1 && scale < 10) {
    for (let i = 0; i < states.length; i += 1) {
      states[i] *= scale;
    }
  }
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
