import { expect, test } from 'vitest';
import { describeAge, describeDuration } from './age.ts';

const now = Date.UTC(2026, 10, 23, 12);

test.each([
  [10_000, 'now'],
  [60_000, '1 min ago'],
  [59 * 60_000, '59 min ago'],
  [3 * 3_600_000, '3 h ago'],
  [25 * 3_600_000, 'yesterday'],
  [5 * 86_400_000, '5 days ago'],
  [60 * 86_400_000, 'Sep 24'],
])('%i ms ago is "%s"', (age, text) => {
  expect(describeAge(now - age, now)).toBe(text);
});

test.each([
  [400, 'under 1 s'],
  [8_200, '8 s'],
  [80_000, '1 min 20 s'],
  [120_000, '2 min'],
  [720_000, '12 min'],
  [7_500_000, '2 h 5 min'],
])('%i ms lasts "%s"', (duration, text) => {
  expect(describeDuration(duration)).toBe(text);
});
