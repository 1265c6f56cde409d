import { expect, test } from 'vitest';
import { contrast, toHex } from './oklch.ts';
import { initials, personColor, personColors } from './person-color.ts';

test('oklch converts to known sRGB values', () => {
  expect(toHex({ lightness: 1, chroma: 0, hue: 0 })).toBe('#ffffff');
  expect(toHex({ lightness: 0.6279, chroma: 0.2577, hue: 29.23 })).toBe('#ff0000');
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

test('person colours pass 3:1 on both grounds, and white text on them 4.5:1', () => {
  for (const { name, color, ink } of personColors) {
    expect(contrast(color, '#faf9f6'), `${name} on paper`).toBeGreaterThanOrEqual(3);
    expect(contrast(color, '#1c1a17'), `${name} on the dark ground`).toBeGreaterThanOrEqual(3);
    expect(contrast(color, ink), `text on ${name}`).toBeGreaterThanOrEqual(4.5);
  }
});

test('people spread over all eight colours, and keep theirs', () => {
  const found = new Set(Array.from({ length: 200 }, (_, i) => personColor(`user-${i}`).name));
  expect(found.size).toBe(8);
  expect(personColor('ada')).toBe(personColor('ada'));
});

test('initials', () => {
  expect(initials('Ada Lovelace')).toBe('AL');
  expect(initials('  élise ')).toBe('É');
  expect(initials('')).toBe('?');
});
