import { expect, test } from 'vitest';
import { contrast, toHex } from './oklch.ts';
import { initials, personColor, personColorAmong, personColors, readPersonColor } from './person-color.ts';

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

test('eight people in one place have eight colours, and the ninth has their own', () => {
  const taken = new Set<string>();
  for (let i = 0; i < 8; i += 1) taken.add(personColorAmong('the same id', taken).color);
  expect(taken.size).toBe(8);
  expect(personColorAmong('ada', new Set())).toBe(personColor('ada'));
  expect(personColorAmong('ada', taken)).toBe(personColor('ada'));
});

test('a colour that nobody can have is read as the own one', () => {
  expect(readPersonColor(personColors[3]?.color ?? '', 'ada')).toBe(personColors[3]);
  expect(readPersonColor('url(evil)', 'ada')).toBe(personColor('ada'));
});

test('initials', () => {
  expect(initials('Ada Lovelace')).toBe('AL');
  expect(initials('  élise ')).toBe('É');
  expect(initials('')).toBe('?');
});
