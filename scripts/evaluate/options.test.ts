import { describe, expect, it } from 'vitest';
import { UsageError } from '../gesso/run-command.ts';
import { run } from './main.ts';
import { parseEvaluateOptions } from './options.ts';

describe('gesso evaluate', () => {
  it('measures everything on all prompts unless told otherwise', () => {
    const options = parseEvaluateOptions(['house-image']);
    expect(options).toMatchObject({ pack: 'house-image', prompts: 1000, out: 'evaluation', json: false });
    expect(options).toMatchObject({
      only: [
        'composition',
        'steps',
        'controls',
        'repaint',
        'enlarge',
        'edit',
        'reference',
        'copies',
        'sheet',
      ],
    });
    const some = parseEvaluateOptions(['house-image', '--only', 'steps,copies', '--prompts', '50']);
    expect(some).toMatchObject({ only: ['steps', 'copies'], prompts: 50, arithmetic: 'exact' });
    expect(parseEvaluateOptions(['house-image', '--arithmetic', 'int8'])).toMatchObject({
      arithmetic: 'int8',
    });
  });

  it('names what is wrong with the arguments', () => {
    expect(() => parseEvaluateOptions([])).toThrow(/name a pack/);
    expect(() => parseEvaluateOptions(['a', 'b'])).toThrow(UsageError);
    expect(() => parseEvaluateOptions(['a', '--prompts', '5'])).toThrow(/--prompts/);
    expect(() => parseEvaluateOptions(['a', '--only', 'beauty'])).toThrow(/--only/);
    expect(() => parseEvaluateOptions(['a', '--arithmetic', 'fast'])).toThrow(/--arithmetic/);
    expect(() => parseEvaluateOptions(['a', '--verbose'])).toThrow(UsageError);
  });

  it('answers an unknown pack and wrong arguments with status 2', async () => {
    expect(await run(['no-such-pack'])).toBe(2);
    expect(await run(['house-image', '--steps', '0'])).toBe(2);
    expect(await run(['house-image', '--out', 'package.json'])).toBe(2);
  });
});
