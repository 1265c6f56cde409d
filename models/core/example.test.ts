import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';

const PAGE = path.join(import.meta.dirname, '../../docs/core.md');
const CORE = pathToFileURL(path.join(import.meta.dirname, 'index.ts')).href;
const folder = mkdtempSync(path.join(os.tmpdir(), 'gesso-core-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const made = z.object({ warnings: z.array(z.string()), x: z.instanceof(Float32Array) });

it('the example in docs/core.md runs', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  const file = path.join(folder, 'example.ts');
  const network =
    'function network(input: Float32Array): Float32Array { return input.map((value) => value / 2); }';
  const silent = code.replace(/^console\.log.*$/m, '').replace('../models/core/index.ts', CORE);
  writeFileSync(file, `${silent}\n${network}\nexport { warnings, x };\n`);
  const { warnings, x } = made.parse(await import(/* @vite-ignore */ pathToFileURL(file).href));
  expect(warnings).toEqual([]);
  expect(x).toHaveLength(4 * 64 * 64);
  expect(x.every(Number.isFinite)).toBe(true);
});
