import type { KeyInput } from './input.ts';

/**
 * Shortcuts are written `Mod+Shift+Z`, `[`, `ArrowLeft`, and `Plus` for the sign that joins them; Mod is ⌘ on Apple's keyboards and Ctrl elsewhere. Letters match
 * by what the key types, so they stay on the letter of every layout.
 */
export function matchesShortcut(shortcut: string, input: KeyInput): boolean {
  const parts = shortcut.split('+');
  const name = parts.at(-1) ?? '';
  const key = name === 'Plus' ? '+' : name;
  const wantsMod = parts.includes('Mod');
  const wantsShift = parts.includes('Shift');
  const wantsAlt = parts.includes('Alt');
  if (wantsMod !== input.mod || wantsAlt !== input.alt) return false;
  // Signs such as ? and + need Shift on some layouts and not on others.
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (!isSign && wantsShift !== input.shift) return false;
  if (isSign && wantsShift && !input.shift) return false;
  if (key.length > 1) return input.key === key || (key === 'Space' && input.code === 'Space');
  if (input.key.toLowerCase() === key.toLowerCase()) return true;
  // With Shift or Alt a digit or bracket types something else; its place on the keyboard then tells.
  if (/^\d$/.test(key)) return input.code === `Digit${key}`;
  return (wantsShift || wantsAlt) && input.code === brackets[key];
}

const brackets: Readonly<Record<string, string>> = { '[': 'BracketLeft', ']': 'BracketRight' };
