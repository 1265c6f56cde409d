import { expect, test } from 'vitest';
import { settingsSchema } from '../../../shared/document/schema.ts';
import { estimateMs, type Sample } from './estimate.ts';

const settings = settingsSchema.parse({ steps: 8, count: 2 });
const size = { mode: 'text-to-image', width: 256, height: 256, maps: 0 } as const;

function sample(durationMs: number, change: Partial<NonNullable<Sample['request']>> = {}): Sample {
  return {
    durationMs,
    request: {
      pack: 'house-image',
      mode: 'text-to-image',
      count: 1,
      steps: 8,
      solver: 'flow-euler',
      arithmetic: 'exact',
      width: 256,
      height: 256,
      controls: [],
      ...change,
    },
  };
}

test('nothing ran yet, nothing is promised', () => {
  expect(estimateMs([], settings, size)).toBeNull();
  expect(estimateMs([sample(4_000, { pack: 'another' })], settings, size)).toBeNull();
});

test('two pictures take twice as long as one', () => {
  expect(estimateMs([sample(4_000)], settings, size)).toBe(8_000);
});

test('one slow run does not spoil the estimate', () => {
  expect(estimateMs([sample(4_000), sample(60_000), sample(4_400)], settings, size)).toBe(8_800);
});

test('an enlargement, which runs another network, says nothing of the next pictures', () => {
  const enlarged = sample(90_000, { mode: 'upscale', steps: 1, width: 4_096, height: 4_096 });
  expect(estimateMs([enlarged], settings, size)).toBeNull();
  expect(estimateMs([enlarged, enlarged, sample(4_000)], settings, size)).toBe(8_000);
});

test('pictures of the same steps and arithmetic tell the time best, then those of the same arithmetic', () => {
  const fast = sample(1_000, { arithmetic: 'int8' });
  const few = sample(500, { steps: 2 });
  expect(estimateMs([fast, few, sample(4_000)], settings, size)).toBe(8_000);
  expect(estimateMs([fast, few], settings, size)).toBe(4_000);
  expect(estimateMs([fast, few, sample(4_000)], { ...settings, arithmetic: 'int8' }, size)).toBe(2_000);
  expect(estimateMs([fast, few, sample(4_000)], { ...settings, steps: 2 }, size)).toBe(1_000);
  expect(estimateMs([fast], settings, size)).toBe(2_000);
});

test('Heun looks twice a step, and a larger picture costs its area', () => {
  expect(estimateMs([sample(4_000)], { ...settings, solver: 'flow-heun' }, size)).toBe(16_000);
  expect(estimateMs([sample(4_000)], settings, { ...size, width: 512 })).toBe(16_000);
});

test('one map costs nothing extra, two twice as much', () => {
  expect(estimateMs([sample(4_000)], settings, { ...size, maps: 1 })).toBe(8_000);
  expect(estimateMs([sample(4_000)], settings, { ...size, maps: 2 })).toBe(16_000);
  expect(estimateMs([sample(8_000, { controls: [{}, {}] })], settings, size)).toBe(8_000);
});

test('an edit by instruction looks three times a step in place of two', () => {
  expect(estimateMs([sample(4_000)], settings, { ...size, mode: 'instruct' })).toBe(12_000);
  expect(estimateMs([sample(6_000, { mode: 'instruct' })], settings, size)).toBe(8_000);
});
