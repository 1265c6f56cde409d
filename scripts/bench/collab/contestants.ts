import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { childEnv } from '../../../platform/env.ts';
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from '../../../platform/postgres/embedded.ts';
import { freePort } from '../../../platform/testing/postgres-setup.ts';
import { type Database, openDatabase } from '../../../prisma/client.ts';
import { migrate } from '../../../prisma/migrate.ts';
import { issueTicket } from '../../../server/features/tickets/service.ts';
import type { LoadOrder, Quantiles } from './load-order.ts';
import { measureRevocation, type Revocation } from './revocation.ts';

export const benchOrigin = 'http://bench.test';

/** A collab server that can be measured. */
export interface Contestant {
  readonly name: string;
  /** What it does with an edit before others see it. */
  readonly promise: string;
  readonly framing: LoadOrder['framing'];
  readonly pid: number;
  /** Milliseconds that one row takes to be committed on this machine at this moment, unhurried; null without a database. */
  readonly commit: Quantiles;
  /** Fresh rooms with addresses for everybody in them. */
  makeRooms(rooms: number, people: number): Promise<LoadOrder['rooms']>;
  /** Takes the access of these people of a room away, in several ways, and times it; null where nobody has any. */
  readonly revoke: ((room: LoadOrder['rooms'][number], people: number) => Promise<Revocation>) | null;
  stop(): Promise<void>;
}

/** A contestant that could not be brought here, and why. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

/** Gesso itself: real process, real embedded Postgres with fsync, in a folder of its own. */
export async function startGesso(): Promise<Contestant> {
  const folder = await mkdtemp(join(tmpdir(), 'gesso-bench-'));
  const postgres = await startEmbeddedPostgres({
    dataFolder: join(folder, 'postgres'),
    port: await freePort(),
    logFile: join(folder, 'postgres.log'),
  });
  await ensureDatabase(postgres, 'gesso');
  const url = postgres.url('gesso');
  await migrate(url);
  const port = await freePort();
  const child = await startProcess(
    process.execPath,
    [join(import.meta.dirname, '../../../server/collab/main.ts')],
    childEnv({
      DATABASE_URL: url,
      COLLAB_PORT: String(port),
      GESSO_URL: benchOrigin,
      REDIS_URL: '',
      LOG_LEVEL: 'info',
    }),
    '"event":"ready"',
  );
  const database = openDatabase(url, 4);
  await database.organization.create({ data: { id: 'team', name: 'Team', slug: 'team' } });
  await database.project.create({
    data: { id: 'project', organizationId: 'team', name: 'Project', createdById: 'nobody' },
  });
  let made = 0;
  return {
    name: 'gesso',
    promise: 'committed to Postgres (fsync) before anybody sees it, acknowledged',
    framing: 'y-websocket',
    pid: child.pid ?? 0,
    commit: await timeCommits(url),
    makeRooms: async (rooms, people) => {
      const names: LoadOrder['rooms'] = [];
      for (let index = 0; index < rooms; index += 1) {
        names.push(await makeCanvas(database, { port, people, number: made++ }));
      }
      return names;
    },
    revoke: ({ name, urls }, people) =>
      measureRevocation(database, {
        guests: urls.slice(-people).map((url, index) => ({
          userId: `${name}-${urls.length - people + index}`,
          url,
        })),
        organizationId: 'team',
        origin: benchOrigin,
      }),
    stop: () => stopGesso({ child, database, postgres, folder }),
  };
}

/** What the disk and the other users of the machine leave of a commit: no acknowledgement can be faster. */
async function timeCommits(url: string): Promise<Quantiles> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table commit_probe (value bytea)');
  const times: number[] = [];
  for (let index = 0; index < 100; index += 1) {
    const began = performance.now();
    await client.query('insert into commit_probe values ($1)', [Buffer.alloc(45)]);
    times.push(performance.now() - began);
  }
  await client.end();
  const sorted = times.sort((a, b) => a - b);
  return { p50: sorted[50] ?? 0, p99: sorted[98] ?? 0 };
}

async function makeCanvas(
  database: Database,
  { port, people, number }: { readonly port: number; readonly people: number; readonly number: number },
): Promise<LoadOrder['rooms'][number]> {
  const canvasId = `canvas${number}`;
  await database.canvas.create({
    data: { id: canvasId, projectId: 'project', name: canvasId, createdById: 'nobody' },
  });
  const ids = Array.from({ length: people }, (_, index) => `${canvasId}-${index}`);
  const expiresAt = new Date(Date.now() + 3_600_000);
  await database.user.createMany({
    data: ids.map((id) => ({ id, name: id, email: `${id}@bench.test`, updatedAt: new Date() })),
  });
  await database.member.createMany({
    data: ids.map((userId) => ({ organizationId: 'team', userId, role: 'editor' })),
  });
  await database.session.createMany({
    data: ids.map((id) => ({ id, userId: id, token: id, expiresAt, updatedAt: new Date() })),
  });
  const urls: string[] = [];
  for (const id of ids) {
    const { ticket } = await issueTicket(database, { canvasId, userId: id, sessionId: id });
    urls.push(`ws://127.0.0.1:${port}/canvas:${canvasId}:0?ticket=${ticket}`);
  }
  return { name: canvasId, urls };
}

async function stopGesso(parts: {
  readonly child: ChildProcess;
  readonly database: Database;
  readonly postgres: EmbeddedPostgres;
  readonly folder: string;
}): Promise<void> {
  await endProcess(parts.child);
  await parts.database.$disconnect();
  await parts.postgres.stop();
  await rm(parts.folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Stock @hocuspocus/server 4.7. */
export async function startHocuspocus(): Promise<Contestant> {
  const port = await freePort();
  const child = await startProcess(
    process.execPath,
    [join(import.meta.dirname, 'hocuspocus-server.ts'), String(port)],
    childEnv({}),
    'ready',
  );
  return {
    name: 'hocuspocus',
    promise: 'kept in memory; nothing is stored, nothing is acknowledged as stored',
    framing: 'hocuspocus',
    pid: child.pid ?? 0,
    commit: null,
    revoke: null,
    makeRooms: async (rooms, people) => nameRooms(rooms, people, () => `ws://127.0.0.1:${port}/`),
    stop: () => endProcess(child),
  };
}

/**
 * Stock @y/websocket-server for Yjs 13 (0.1.1; the later 0.1.5 wants Yjs 14). It is installed once into the system's
 * temporary folder: it brings packages that Gesso must not depend on.
 */
export async function startYWebsocketServer(): Promise<Contestant | Absent> {
  const name = 'y-websocket-server';
  const folder = join(tmpdir(), 'gesso-bench-y-websocket-server');
  const script = join(folder, 'node_modules/@y/websocket-server/src/server.js');
  if (!existsSync(script)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
    const wanted = ['@y/websocket-server@0.1.1', 'yjs@13', 'y-protocols@1', 'ws@8'];
    const installed = spawnSync(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted],
      {
        cwd: folder,
        encoding: 'utf8',
        timeout: 120_000,
      },
    );
    if (installed.status !== 0 || !existsSync(script))
      return { name, absent: `npm could not install it: ${installed.stderr.trim().slice(-200)}` };
  }
  const port = await freePort();
  const child = await startProcess(
    process.execPath,
    [script],
    childEnv({ HOST: '127.0.0.1', PORT: String(port), NODE_ENV: 'production' }),
    'running at',
  );
  return {
    name,
    promise: 'kept in memory; nothing is stored, nothing is acknowledged',
    framing: 'y-websocket',
    pid: child.pid ?? 0,
    commit: null,
    revoke: null,
    makeRooms: async (rooms, people) => nameRooms(rooms, people, (room) => `ws://127.0.0.1:${port}/${room}`),
    stop: () => endProcess(child),
  };
}

let named = 0;

function nameRooms(rooms: number, people: number, address: (room: string) => string): LoadOrder['rooms'] {
  return Array.from({ length: rooms }, () => {
    const name = `room${named++}`;
    return { name, urls: Array.from({ length: people }, () => address(name)) };
  });
}

function startProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  readyWhen: string,
): Promise<ChildProcess> {
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((settle, fail) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(readyWhen)) settle(child);
    });
    child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}`)));
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
