import { describe, expect, it } from 'vitest';
import { parseGenerateOptions } from './generate-options.ts';

describe('parseGenerateOptions', () => {
  it('reads a prompt and its options', () => {
    const options = parseGenerateOptions([
      'a red fox',
      '--out',
      'fox.png',
      '--seed',
      '7',
      '--control=edge:map.png',
    ]);
    expect(options).toMatchObject({
      prompt: 'a red fox',
      out: 'fox.png',
      seed: 7,
      negative: '',
      pack: 'house-image',
      control: { kind: 'edge', file: 'map.png' },
    });
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--out', 'a.png'], /prompt is missing/],
    [['a', 'red', 'fox', '--out', 'a.png'], /in quotes \(got 3\)/],
    [['a'], /--out FILE\.png is missing/],
    [['a', '--out', 'a.jpg'], /\.png/],
    [['a', '--out', 'a.png', '--seed', '-1'], /--seed/],
    [['a', '--out', 'a.png', '--seed', '4294967296'], /--seed/],
    [['a', '--out', 'a.png', '--steps', 'many'], /--steps/],
    [['a', '--out', 'a.png', '--steps', ''], /--steps/],
    [['a', '--out', 'a.png', '--size', '32'], /--size/],
    [['a', '--out', 'a.png', '--colour'], /colour/],
    [['a', '--out', 'a.png', '--mask', 'm.png'], /--mask needs --source/],
    [['a', '--out', 'a.png', '--width', '256'], /belong together/],
    [['a', '--out', 'a.png', '--control', 'pose:p.png'], /--control/],
  ];
  it.each(wrong)('refuses %j', (args, message) => {
    expect(() => parseGenerateOptions(args)).toThrow(message);
  });

  it('answers help before anything else', () => {
    expect(parseGenerateOptions(['--help'])).toBe('help');
  });
});
