import { existsSync } from 'node:fs';
import path from 'node:path';
import { runLevel } from './level.ts';
import { loadLevels } from './levels.ts';

const DEFAULT_DIR = path.join(import.meta.dirname, '../../models/fixtures/golden');

/**
 * npm run golden -- [DIR] [--level NAME]…
 * Checks the core against a folder of reference numbers. Prints one line for each failing case, counts for each
 * level, and last `N passed, N failed`; the exit code is 1 when anything failed or nothing was found.
 */
export async function run(args: readonly string[]): Promise<number> {
  const wanted = args.flatMap((arg, i) => (args[i - 1] === '--level' ? [arg] : []));
  const dir = path.resolve(
    args.find((arg, i) => !arg.startsWith('--') && args[i - 1] !== '--level') ?? DEFAULT_DIR,
  );
  if (!existsSync(dir)) {
    console.error(`There is no folder ${dir}. Give the folder of a reference suite.`);
    return 1;
  }
  const levels = (await loadLevels()).filter((level) => wanted.length === 0 || wanted.includes(level.name));
  let passed = 0;
  let failed = 0;
  for (const level of levels) {
    const started = performance.now();
    const result = await runLevel(level, dir, (line) => console.log(`FAIL ${line}`));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { length } = result.failures;
    console.log(`${level.name.padEnd(12)} ${result.passed} passed, ${length} failed (${seconds} s)`);
    passed += result.passed;
    failed += length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
