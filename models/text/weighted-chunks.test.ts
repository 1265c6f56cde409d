import { describe, expect, it } from 'vitest';
import { parsePrompt } from './prompt-syntax.ts';
import type { PromptTokenizer } from './prompt-tokenizer.ts';
import { applyWeights, chunkPrompt } from './weighted-chunks.ts';

/** One token a word: its length. */
const tokenizer: PromptTokenizer = {
  bosId: 100,
  eosId: 101,
  padId: 0,
  maxLength: 5,
  tokenize: (text) =>
    text
      .split(/\s+/)
      .filter(Boolean)
      .map((word) => word.length),
};

function idsOf(prompt: string, count?: number) {
  return chunkPrompt(parsePrompt(prompt), tokenizer, count).map((chunk) => [...chunk.ids]);
}

describe('chunkPrompt', () => {
  it('frames, cuts and pads', () => {
    expect(idsOf('a bb')).toEqual([[100, 1, 2, 101, 0]]);
    expect(idsOf('a bb ccc dddd')).toEqual([
      [100, 1, 2, 3, 101],
      [100, 4, 101, 0, 0],
    ]);
    expect(idsOf('')).toEqual([[100, 101, 0, 0, 0]]);
  });

  it('starts anew at BREAK and adds empty chunks on request', () => {
    expect(idsOf('a BREAK bb', 3)).toEqual([
      [100, 1, 101, 0, 0],
      [100, 2, 101, 0, 0],
      [100, 101, 0, 0, 0],
    ]);
  });

  it('carries weights past the frame', () => {
    const [chunk] = chunkPrompt(parsePrompt('a (bb:1.5)'), tokenizer);
    expect([...chunk.weights]).toEqual([1, 1, 1.5, 1, 1]);
  });
});

describe('applyWeights', () => {
  it('moves emphasis and keeps the mean', () => {
    const states = Float32Array.of(1, 3, 2, 2);
    applyWeights(states, Float32Array.of(1, 2));
    expect(states.reduce((a, b) => a + b)).toBeCloseTo(8, 5);
    expect(states[2] / states[0]).toBeCloseTo(4, 5);
  });

  it('leaves unweighted states alone', () => {
    const states = Float32Array.of(1, 3);
    applyWeights(states, Float32Array.of(1, 1));
    expect([...states]).toEqual([1, 3]);
  });
});
