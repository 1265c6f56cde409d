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
      '--control=edge=map.png',
      '--control',
      'depth=c:/maps/near:1.png:0.5:0.25-1',
      '--derive',
      'edge=photo.jpg:0.8',
    ]);
    expect(options).toMatchObject({
      prompt: 'a red fox',
      out: 'fox.png',
      seed: 7,
      negative: '',
      pack: 'house-image',
      control: [
        { kind: 'edge', file: 'map.png', strength: 1, range: [0, 1] },
        { kind: 'depth', file: 'c:/maps/near:1.png', strength: 0.5, range: [0.25, 1] },
      ],
      derive: [{ kind: 'edge', file: 'photo.jpg', strength: 0.8, range: [0, 1] }],
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
    [['a', '--out', 'a.png', '--arithmetic', 'fast'], /--arithmetic takes exact or int8/],
    [['a', '--out', 'a.png', '--size', '32'], /--size/],
    [['a', '--out', 'a.png', '--colour'], /colour/],
    [['a', '--out', 'a.png', '--mask', 'm.png'], /--mask needs --source/],
    [['a', '--out', 'a.png', '--width', '256'], /belong together/],
    [['a', '--out', 'a.png', '--control', 'normal=p.png'], /--control takes KIND=FILE/],
    [['a', '--out', 'a.png', '--control', 'edge:p.png'], /--control takes KIND=FILE/],
    [['a', '--out', 'a.png', '--control', 'edge=p.png:3'], /--control takes/],
    [['a', '--out', 'a.png', '--control', 'edge=p.png:1:0.6-0.2'], /START comes before END/],
    [['a', '--out', 'a.png', '--derive', 'depth=p.png'], /only edge maps/],
    [['a', '--out', 'a.png', '--mode', 'extend'], /needs --source/],
    [['a', '--out', 'a.png', '--source', 's.png', '--mode', 'inpaint'], /needs --mask/],
    [
      ['a', '--out', 'a.png', '--source', 's.png', '--mode', 'extend', '--mask', 'm.png'],
      /is for --mode inpaint/,
    ],
    [['a', '--out', 'a.png', '--reference', 'r.png:x:9'], /--reference takes/],
    [['a', '--out', 'a.png', '--mode', 'instruct'], /needs --source/],
    [['a', '--out', 'a.png', '--source', 's.png', '--image-guidance', '2'], /is for --mode instruct/],
    [
      ['a', '--out', 'a.png', '--source', 's.png', '--mode', 'instruct', '--image-guidance', '11'],
      /--image-guidance takes a number from 0 to 10/,
    ],
    [
      [
        'a',
        '--out',
        'a.png',
        '--source',
        's.png',
        '--mode',
        'instruct',
        '--reference',
        'r.png',
        '--strength',
        '1',
      ],
      /--strength and --reference cannot be used with --mode instruct/,
    ],
    [
      ['a', '--out', 'a.png', '--source', 's.png', '--mode', 'instruct', '--mask', 'm.png'],
      /--mask is for --mode inpaint/,
    ],
  ];
  it.each(wrong)('refuses %j', (args, message) => {
    expect(() => parseGenerateOptions(args)).toThrow(message);
  });

  it('answers help before anything else', () => {
    expect(parseGenerateOptions(['--help'])).toBe('help');
  });
});
