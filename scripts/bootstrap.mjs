// The first thing that runs on a fresh clone, on whatever Node is there (20 or newer). It installs what is missing, picks
// Node 24, and hands over to scripts/gesso/main.ts. Plain JavaScript on purpose: nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wantedMajor = 24;
const stamp = join(root, 'node_modules/.gesso-installed');

const say = (line) => process.stderr.write(`${line}\n`);

function fail(message, fix) {
  say(`\n${message}\n${fix}`);
  process.exit(1);
}

/** What decides whether node_modules and the generated Prisma client are current. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', '.npmrc', 'prisma/schema.prisma'])
    hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isInstalled(wanted) {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    existsSync(join(root, 'prisma/generated/client.ts')) &&
    existsSync(join(root, 'node_modules/next/package.json'))
  );
}

/** Runs a step with its output shown only when it fails. */
function step(title, command, args, env = {}) {
  const began = Date.now();
  process.stderr.write(`${title} … `);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, ...env },
  });
  if (status === 0) {
    say(`done (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    return;
  }
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  say('failed');
  if (/ENOSPC|No space left/i.test(output))
    fail('The disk is full.', 'Free about 2 GB on this disk, then run the same command again.');
  if (/EACCES|EPERM/.test(output))
    fail(
      `No permission to write to ${root}.`,
      'Make the folder yours (chown), then run the same command again.',
    );
  if (/ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN/.test(output))
    fail(
      'The npm registry could not be reached.',
      'Check the network or your npm registry setting, then run the same command again.',
    );
  fail(
    `${command} ${args.join(' ')} failed: ${error?.message ?? ''}\n${output.length > 4000 ? `${output.slice(0, 2000)}\n…\n${output.slice(-2000)}` : output}`,
    'Correct what it names, then run the same command again.',
  );
}

function install() {
  const wanted = fingerprint();
  if (isInstalled(wanted)) return;
  // `npm ci` also checks the other platforms' optional packages against the registry, and refuses where a mirror lacks one;
  // `npm install --no-save` takes the same versions from the lock file and changes nothing in it.
  step(
    'Installing packages (a minute or two, once)',
    'npm',
    ['install', '--no-save', '--no-progress', '--loglevel=error'],
    {
      NODE_ENV: 'development',
    },
  );
  // Generating the client needs no engine; any executable satisfies the check for one, and saves a download.
  step(
    'Preparing the database client',
    findNode(),
    [join(root, 'node_modules/prisma/build/index.js'), 'generate'],
    {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  );
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Node 24: this one, or the one that npm brought. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath;
  const brought = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(brought)) return brought;
  return fail(
    `Gesso needs Node ${wantedMajor}; this is ${process.versions.node}, and npm has none for ${process.platform}-${process.arch}.`,
    `Install Node ${wantedMajor} from https://nodejs.org, then run the same command again.`,
  );
}

install();
const node = findNode();
const [command = 'help', ...rest] = process.argv.slice(2);
const child = spawn(
  node,
  [
    '--disable-warning=ExperimentalWarning',
    '--no-js-float16array',
    // V8's middle compiler can leave the tensor loops several times slower than its last one makes them.
    '--no-maglev',
    join(root, 'scripts/gesso/main.ts'),
    command,
    ...rest,
  ],
  {
    stdio: 'inherit',
    // The right Node comes first on PATH, so that tools started from here use it too.
    env: {
      ...process.env,
      PATH: `${dirname(node)}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      GESSO_ROOT: root,
      ORT_DISABLE_TELEMETRY: '1',
      NEXT_TELEMETRY_DISABLED: '1',
    },
  },
);
// Whoever is told to stop passes it on; the child ignores what it has heard already and this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
