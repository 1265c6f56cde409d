import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../globals.css', import.meta.url), 'utf8');
const light = readTokens(':root {');
const dark = { ...light, ...readTokens(':root[data-theme="dark"] {') };

/** text on ground, minimum WCAG 2.2 contrast */
const texts: readonly (readonly [string, string])[] = [
  ...['ground', 'surface', 'raised', 'hover', 'pressed'].flatMap((ground) =>
    ['ink', 'ink-soft', 'ink-faint'].map((text) => [text, ground] as const),
  ),
  ...['surface', 'raised', 'hover', 'ground', 'accent-wash'].map(
    (ground) => ['accent-text', ground] as const,
  ),
  ...['surface', 'raised', 'hover', 'ground', 'danger-wash'].map(
    (ground) => ['danger-text', ground] as const,
  ),
  ...['surface', 'raised', 'ground', 'notice-wash'].map((ground) => ['notice-text', ground] as const),
  ['accent-ink', 'accent'],
  ['accent-ink', 'accent-hover'],
  ['danger-ink', 'danger'],
  ['danger-ink', 'danger-hover'],
  ['surface', 'ink'],
  ['ink', 'accent-wash'],
  ['ink', 'notice-wash'],
  ['ink', 'danger-wash'],
];

/** Parts of controls and cursors: 3:1. */
const parts: readonly (readonly [string, string])[] = [
  ...['edge', 'accent', 'focus'].flatMap((part) =>
    ['ground', 'surface', 'raised'].map((ground) => [part, ground] as const),
  ),
];

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('%s', (_, tokens) => {
  test.each(texts)('%s reads on %s', (text, ground) => {
    expect(contrast(tokens, text, ground)).toBeGreaterThanOrEqual(4.5);
  });
  test.each(parts)('%s is seen on %s', (part, ground) => {
    expect(contrast(tokens, part, ground)).toBeGreaterThanOrEqual(3);
  });
});

/** The `--name: oklch(l c h)` lines of every block that starts with `head`. */
function readTokens(head: string): Readonly<Record<string, readonly [number, number, number]>> {
  const found: Record<string, readonly [number, number, number]> = {};
  for (let at = css.indexOf(head); at >= 0; at = css.indexOf(head, at + 1)) {
    const block = css.slice(at, css.indexOf('}', at));
    for (const match of block.matchAll(/--([a-z0-9-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);/g)) {
      const [, name, l, c, h] = match;
      if (name !== undefined) found[name] = [Number(l), Number(c), Number(h)];
    }
  }
  return found;
}

function contrast(
  tokens: Readonly<Record<string, readonly [number, number, number]>>,
  a: string,
  b: string,
): number {
  const [first, second] = [tokens[a], tokens[b]];
  if (first === undefined || second === undefined) throw new Error(`No token ${first ? b : a}.`);
  const [darker, lighter] = [luminance(first), luminance(second)].sort((x, y) => x - y);
  return ((lighter ?? 0) + 0.05) / ((darker ?? 0) + 0.05);
}

/** Relative luminance of an OKLCH colour, clipped to sRGB (Björn Ottosson's OKLab matrices, 2020). */
function luminance([l, c, h]: readonly [number, number, number]): number {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  const red = clip(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short);
  const green = clip(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short);
  const blue = clip(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
