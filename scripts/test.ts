import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { childEnv } from '../platform/env.ts';
import { ensureBuild } from './supervisor/build.ts';

const root = join(import.meta.dirname, '..');
const reports = join(root, '.cache/reports');

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * `npm test`: unit and integration tests on a real Postgres, then the browser journeys against a built Gesso in a real
 * Chromium. Ends with `N passed, N failed`. Arguments narrow the first part, as vitest takes them; `--no-browser` leaves
 * the second part out.
 */
export async function run(args: readonly string[]): Promise<number> {
  await mkdir(reports, { recursive: true });
  const withBrowser = !args.includes('--no-browser');
  const filters = args.filter((arg) => arg !== '--no-browser');

  const unit = await runVitest(filters);
  const browser =
    withBrowser && filters.length === 0 ? await runPlaywright() : { passed: 0, failed: 0, skipped: 0 };
  const total = {
    passed: unit.passed + browser.passed,
    failed: unit.failed + browser.failed,
    skipped: unit.skipped + browser.skipped,
  };
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  success: z.boolean(),
});

async function runVitest(filters: readonly string[]): Promise<Tally> {
  const file = join(reports, 'vitest.json');
  await rm(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = await runTool([
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...reporters,
    ...filters,
  ]);
  const report = vitestReport.parse(JSON.parse(await readFile(file, 'utf8')));
  // A broken import or an unhandled error fails the run without failing a test.
  const failed = report.numFailedTests + (status !== 0 && report.numFailedTests === 0 ? 1 : 0);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests };
}

const playwrightReport = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number(), skipped: z.number() }),
});

async function runPlaywright(): Promise<Tally> {
  ensureBuild(root, (line) => process.stdout.write(`${line}\n`));
  const file = join(reports, 'playwright.json');
  await rm(file, { force: true });
  const status = await runTool(
    [join(root, 'node_modules/@playwright/test/cli.js'), 'test', '--reporter=list,json'],
    {
      PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    },
  );
  const { stats } = playwrightReport.parse(JSON.parse(await readFile(file, 'utf8')));
  const failed = stats.unexpected + (status !== 0 && stats.unexpected === 0 ? 1 : 0);
  return { passed: stats.expected + stats.flaky, failed, skipped: stats.skipped };
}

function runTool(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: childEnv(env) });
  return new Promise((settle) => child.once('exit', (code) => settle(code ?? 1)));
}
