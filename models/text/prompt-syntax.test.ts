import { describe, expect, it } from 'vitest';
import { parsePrompt, plainText } from './prompt-syntax.ts';

function weightsOf(prompt: string) {
  return parsePrompt(prompt).parts.map((part) =>
    part.map(({ text, weight }) => [text.trim(), Number(weight.toFixed(4))]),
  );
}

describe('parsePrompt', () => {
  const cases: readonly (readonly [string, readonly (readonly (readonly [string, number])[])[]])[] = [
    ['a red fox', [[['a red fox', 1]]]],
    [
      'a (red) fox',
      [
        [
          ['a', 1],
          ['red', 1.1],
          ['fox', 1],
        ],
      ],
    ],
    [
      '((red)) [fox]',
      [
        [
          ['red', 1.21],
          ['', 1],
          ['fox', 0.9091],
        ],
      ],
    ],
    [
      '(a (red:2) fox:0.5)',
      [
        [
          ['a', 0.5],
          ['red', 1],
          ['fox', 0.5],
        ],
      ],
    ],
    [
      '(red:1.2), snow',
      [
        [
          ['red', 1.2],
          [', snow', 1],
        ],
      ],
    ],
    ['a \\(fox\\)', [[['a (fox)', 1]]]],
    ['a (fox', [[['a (fox', 1]]]],
    ['a fox) :1.2)', [[['a fox) :1.2)', 1]]]],
    ['ratio 3:4', [[['ratio 3:4', 1]]]],
    [
      'fox BREAK (snow:1.3)',
      [
        [['fox', 1]],
        [
          ['', 1],
          ['snow', 1.3],
        ],
      ],
    ],
    ['(fox:-99)', [[['fox', -10]]]],
    ['', [[]]],
  ];
  it.each(cases)('reads %j', (prompt, expected) => {
    expect(weightsOf(prompt)).toEqual(expected);
  });

  it('takes LoRA tags out of the text', () => {
    expect(parsePrompt('a fox <lora:ink style:0.7> <lora:b>')).toMatchObject({
      loras: [
        { name: 'ink style', weight: 0.7 },
        { name: 'b', weight: 1 },
      ],
    });
    expect(plainText('a (red:1.2) fox <lora:ink:0.7> BREAK in [snow]')).toBe('a red fox in snow');
  });

  it('keeps every word, whatever the brackets', () => {
    for (const prompt of ['([)]', ')(', '[[[a', '((b)', 'c]]:1)', '\\', '(:1.2)', '(:)']) {
      expect(() => parsePrompt(prompt)).not.toThrow();
    }
    expect(plainText('([a) b]')).toBe('(a) b');
  });
});
