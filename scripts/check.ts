import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const bin = (name: string) => join(root, 'node_modules/.bin', name);

const checks: readonly Check[] = [
  { name: 'format', command: [bin('biome'), 'format', '.'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'types of models, workers, scripts', command: [bin('tsc'), '-p', 'models'] },
  { name: 'dead code', command: [bin('knip')] },
  { name: 'spec ids', command: [process.execPath, 'scripts/check-specs.ts'] },
];

/** Plants files that break its rules while it runs, so it runs when nothing else reads the tree. */
const architecture: Check = {
  name: 'architecture',
  command: [process.execPath, 'scripts/check-architecture.mjs'],
};

/** `npm run check`: everything that can be said about the code without running it, as one table. */
export async function run(): Promise<number> {
  let failed = 0;
  // Two at a time: as many as the smallest machine has cores.
  async function worker(queue: Check[]): Promise<void> {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
      const began = Date.now();
      const { code, output } = await runCheck(check);
      const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(5);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${check.name}\n`);
      if (code !== 0) {
        failed += 1;
        process.stdout.write(`${output.trim()}\n\n`);
      }
    }
  }
  const queue = [...checks];
  await Promise.all([worker(queue), worker(queue)]);
  await worker([architecture]);
  process.stdout.write(
    failed === 0 ? 'All checks pass.\n' : `${failed} of ${checks.length + 1} checks failed.\n`,
  );
  return failed === 0 ? 0 : 1;
}

function runCheck({ command }: Check): Promise<{ code: number; output: string }> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((settle) => child.once('exit', (code) => settle({ code: code ?? 1, output })));
}
