import { expect, test } from 'vitest';
import { editorActions } from './actions/all.ts';
import type { KeyInput } from './input.ts';
import { matchesShortcut } from './shortcuts.ts';

function press(key: string, more: Partial<KeyInput> = {}): KeyInput {
  return { key, code: '', repeat: false, shift: false, alt: false, mod: false, ...more };
}

test('letters match whatever their case, modifiers must match exactly', () => {
  expect(matchesShortcut('B', press('b'))).toBe(true);
  expect(matchesShortcut('B', press('B', { shift: true }))).toBe(false);
  expect(matchesShortcut('Mod+Z', press('z', { mod: true }))).toBe(true);
  expect(matchesShortcut('Mod+Z', press('Z', { mod: true, shift: true }))).toBe(false);
  expect(matchesShortcut('Mod+Shift+Z', press('Z', { mod: true, shift: true }))).toBe(true);
  expect(matchesShortcut('B', press('b', { alt: true }))).toBe(false);
});

test('signs match with or without Shift, as the layout needs it', () => {
  expect(matchesShortcut('?', press('?', { shift: true }))).toBe(true);
  expect(matchesShortcut('?', press('?'))).toBe(true);
  expect(matchesShortcut('Plus', press('+', { shift: true }))).toBe(true);
  expect(matchesShortcut('{', press('{', { shift: true, code: 'BracketLeft' }))).toBe(true);
  expect(matchesShortcut('[', press('{', { shift: true, code: 'BracketLeft' }))).toBe(false);
});

test('with Shift held a digit or bracket is known by its place', () => {
  expect(matchesShortcut('Shift+1', press('!', { shift: true, code: 'Digit1' }))).toBe(true);
  expect(matchesShortcut('Mod+Shift+]', press('}', { shift: true, mod: true, code: 'BracketRight' }))).toBe(
    true,
  );
  expect(matchesShortcut('Mod+]', press('}', { shift: true, mod: true, code: 'BracketRight' }))).toBe(false);
});

test('no shortcut means two things, no id is used twice', () => {
  const all = editorActions.flatMap((action) => action.shortcuts ?? []);
  expect(new Set(all).size).toBe(all.length);
  expect(new Set(editorActions.map((action) => action.id)).size).toBe(editorActions.length);
});
