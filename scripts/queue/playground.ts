import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from '../../platform/postgres/embedded.ts';
import { type Boss, ensureQueue, openBoss } from '../../platform/queue/boss.ts';
import { enqueueJob } from '../../platform/queue/enqueue.ts';
import { ensureClock } from '../../platform/queue/fair-share.ts';
import { onPool, openPool, type Transaction, transact } from '../../platform/queue/sql.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import {
  createStudio,
  insertGeneration,
  plainRequest,
  type TestStudio,
} from '../../platform/testing/studio.ts';
import { migrate } from '../../prisma/migrate.ts';

/** A Postgres with ordinary durability in a folder that goes when the run ends, and the queue on it. */
export interface Playground {
  readonly folder: string;
  readonly url: string;
  readonly pool: pg.Pool;
  readonly boss: Boss;
  readonly teams: readonly TestStudio[];
  /** The server now; `restart` replaces it. */
  postgres(): EmbeddedPostgres;
  /** kill -9, then a start on the same folder. Resolves when it accepts connections. */
  killPostgres(): Promise<void>;
  close(): Promise<void>;
}

export async function openPlayground(options: {
  readonly teams: number;
  readonly connections: number;
}): Promise<Playground> {
  const folder = await mkdtemp(join(tmpdir(), 'gesso-queue-'));
  const settings = {
    dataFolder: join(folder, 'pg'),
    port: await freePort(),
    logFile: join(folder, 'pg.log'),
  };
  let server = await startEmbeddedPostgres(settings);
  await ensureDatabase(server, 'gesso');
  const url = server.url('gesso');
  await migrate(url);
  const pool = openPool({ url, connections: options.connections, onError: () => undefined });
  const boss = await openBoss({ url, supervise: false, onError: () => undefined });
  await ensureClock(onPool(pool), 'image');
  await ensureQueue(boss, 'image.probe');
  const teams: TestStudio[] = [];
  for (let i = 0; i < options.teams; i += 1) teams.push(await createStudio(pool, `team ${i}`));
  return {
    folder,
    url,
    pool,
    boss,
    teams,
    postgres: () => server,
    async killPostgres() {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
      server = await startEmbeddedPostgres(settings);
    },
    async close() {
      await boss.stop({ graceful: false }).catch(() => undefined);
      await pool.end();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface ProbeWork {
  readonly steps: number;
  readonly stepMs: number;
}

/** Writes a probe generation and its job inside `sql`'s transaction. */
export async function enqueueProbe(
  { boss, sql }: { readonly boss: Boss; readonly sql: Transaction },
  team: TestStudio,
  work: ProbeWork,
): Promise<string> {
  const generationId = await insertGeneration(sql, {
    studio: team,
    pack: 'probe',
    request: work,
    steps: work.steps,
    onCanvas: false,
  });
  const { organizationId } = team;
  const job = {
    generationId,
    organizationId,
    canvasId: null,
    task: 'probe',
    pool: 'image',
    pack: 'probe',
    cost: 1,
  } as const;
  await enqueueJob({ boss, sql }, job);
  return generationId;
}

/** One transaction: a real picture with the house pack. */
export function enqueuePicture({ boss, pool }: Playground, team: TestStudio, seed: number): Promise<string> {
  return transact(pool, async (sql) => {
    const request = { ...plainRequest, seed, steps: 4 };
    const generationId = await insertGeneration(sql, {
      studio: team,
      pack: 'house-image',
      request,
      steps: 4,
    });
    const { organizationId, canvasId } = team;
    const job = {
      generationId,
      organizationId,
      canvasId,
      task: 'generate-image',
      pool: 'image',
      pack: 'house-image',
      cost: 4,
    } as const;
    await enqueueJob({ boss, sql }, job);
    return generationId;
  });
}

/** Throws everything that waits or runs away, and what the teams were charged for it: the next measurement begins anew. */
export async function emptyLine({ pool }: Playground): Promise<void> {
  await pool.query(`delete from pgboss.job where state < 'completed'`);
  await pool.query(`delete from generation where state in ('queued', 'running')`);
  await pool.query(`update team_share set "virtualTime" = 0`);
}

/** The value below which `share` of the numbers lie; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
