import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../platform/log.ts';
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from '../../platform/postgres/embedded.ts';
import { type Boss, openBoss } from '../../platform/queue/boss.ts';
import { enqueueJob } from '../../platform/queue/enqueue.ts';
import { openPool, transact } from '../../platform/queue/sql.ts';
import { createDiskStore } from '../../platform/storage/disk.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import { createStudio, insertGeneration } from '../../platform/testing/studio.ts';
import { migrate } from '../../prisma/migrate.ts';
import { type Agent, startAgent } from './agent.ts';

let folder = '';
let postgres: EmbeddedPostgres;
let settings: Parameters<typeof startEmbeddedPostgres>[0];
let pool: pg.Pool;
let boss: Boss;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gesso-restart-'));
  settings = { dataFolder: join(folder, 'pg'), port: await freePort(), logFile: join(folder, 'pg.log') };
  postgres = await startEmbeddedPostgres(settings);
  await ensureDatabase(postgres, 'gesso');
  const url = postgres.url('gesso');
  await migrate(url);
  pool = openPool({ url, connections: 2, onError: () => undefined });
  boss = await openBoss({ url, supervise: false, onError: () => undefined });
  agent = await startAgent({
    databaseUrl: url,
    storage: createDiskStore(join(folder, 'assets')),
    gessoHome: folder,
    pools: ['image'],
    slots: 1,
    servesProbes: true,
    log: createLog('test-worker'),
  });
});

afterAll(async () => {
  await agent.stop();
  await boss.stop({ graceful: false });
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

test('[Q13] [Q11] a worker outlives kill -9 of Postgres: what it did meanwhile is settled once, and it works on', async () => {
  const studio = await createStudio(pool);
  const enqueue = (steps: number) =>
    transact(pool, async (sql) => {
      const request = { steps, stepMs: 20 };
      const generationId = await insertGeneration(sql, { studio, pack: 'probe', request, onCanvas: false });
      const { organizationId } = studio;
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
    });
  const rowOf = async (id: string) =>
    (await pool.query(`select state, attempt, crashes from generation where id = $1`, [id])).rows[0];

  const during = await enqueue(50);
  await expect.poll(() => agent.runningIds(), { timeout: 20_000 }).toContain(during);
  process.kill(postgres.pid, 'SIGKILL');
  await postgres.exited;
  postgres = await startEmbeddedPostgres(settings);
  const state = () =>
    rowOf(during).then(
      (row) => row.state,
      () => 'away',
    );
  await expect.poll(state, { timeout: 30_000 }).toBe('succeeded');
  expect(await rowOf(during)).toEqual({ state: 'succeeded', attempt: 1, crashes: 0 });
  const outputs = await pool.query(`select 1 from generation_output where "generationId" = $1`, [during]);
  expect(outputs.rows).toHaveLength(1);

  const after = await enqueue(1);
  await expect.poll(async () => (await rowOf(after)).state, { timeout: 20_000 }).toBe('succeeded');
});
