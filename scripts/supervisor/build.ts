import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../platform/errors.ts';

const inputs = [
  'app',
  'shared',
  'server',
  'platform',
  'prisma',
  'public',
  'next.config.ts',
  'postcss.config.mjs',
  'proxy.ts',
  'instrumentation.ts',
  'package-lock.json',
  'tsconfig.json',
];

/** Hash of everything that `next build` reads. */
function fingerprint(root: string): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    for (const file of listFiles(path)) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function listFiles(path: string): readonly string[] {
  const entries = (() => {
    try {
      return readdirSync(path, { withFileTypes: true, recursive: true });
    } catch {
      return undefined;
    }
  })();
  if (entries === undefined) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Builds the web pages unless the last build was made from the same files. Returns whether it built. */
export function ensureBuild(root: string, say: (line: string) => void): boolean {
  const mark = join(root, '.next/gesso-build');
  const wanted = fingerprint(root);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted && existsSync(join(root, '.next/BUILD_ID')))
    return false;
  const began = Date.now();
  say('Building the web pages (once, about a minute) …');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/next/dist/bin/next'), 'build'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0) {
    throw new AppError(
      'internal',
      `The web pages could not be built:\n${`${stdout}${stderr}`.slice(-4000)}`,
      {
        fix: 'If you changed files under app/, correct what it names; otherwise run npm ci and start again.',
      },
    );
  }
  writeFileSync(mark, wanted);
  say(`Built in ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  return true;
}
