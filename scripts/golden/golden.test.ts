import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runLevel } from './level.ts';
import { loadLevels } from './levels.ts';

const DIR = path.join(import.meta.dirname, '../../models/fixtures/golden');
/** Whole networks take seconds; `npm run golden` runs them. */
const SLOW = ['tokenizers', 'pipelines'];

describe('the reference suite kept in the clone', async () => {
  const levels = await loadLevels();
  it.each(levels.filter(({ name }) => !SLOW.includes(name)))('$name holds', async (level) => {
    const { passed, failures } = await runLevel(level, DIR);
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(0);
  });

  it.each(levels)('$name has no cases in a folder without it', async (level) => {
    expect((await runLevel(level, import.meta.dirname)).passed).toBe(0);
  });
});
