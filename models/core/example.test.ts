import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stripTypeScriptTypes } from 'node:module';
import { expect, it } from 'vitest';
import * as core from './index.ts';

const PAGE = path.join(import.meta.dirname, '../../docs/core.md');

it('the example in docs/core.md runs', () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  const body = code.replace(/^import \{ (.*) \} from .*$/m, 'const { $1 } = core;');
  const printed: unknown[][] = [];
  const network = (input: Float32Array) => input.map((value) => value / 2);
  const run = new Function('core', 'network', 'console', stripTypeScriptTypes(body));
  run(core, network, { log: (...values: unknown[]) => printed.push(values) });
  const [[warnings, first]] = printed;
  expect(warnings).toEqual([]);
  expect(first).toHaveLength(4);
  expect([...Object.values(first ?? {})].every(Number.isFinite)).toBe(true);
});
