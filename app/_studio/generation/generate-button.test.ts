import { expect, test } from 'vitest';
import { describeOutlook } from './generate-button.tsx';

test('the outlook says only what is known', () => {
  expect(describeOutlook(null, 1)).toBe('1 picture');
  expect(describeOutlook({ estimateMs: null, ahead: 0 }, 2)).toBe('2 pictures');
  expect(describeOutlook({ estimateMs: 700, ahead: 0 }, 2)).toBe('2 pictures, under 1 s');
  expect(describeOutlook({ estimateMs: 8_000, ahead: 3 }, 2)).toBe('2 pictures, about 8 s, after 3 others');
  expect(describeOutlook({ estimateMs: 90_000, ahead: 1 }, 4)).toBe(
    '4 pictures, about 1 min 30 s, after 1 other',
  );
});
