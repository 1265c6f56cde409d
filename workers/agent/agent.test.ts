import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import { type Boss, ensureQueue, openBoss } from '../../platform/queue/boss.ts';
import { cancelJob } from '../../platform/queue/cancel.ts';
import { enqueueJob } from '../../platform/queue/enqueue.ts';
import { openPool, transact } from '../../platform/queue/sql.ts';
import { createDiskStore } from '../../platform/storage/disk.ts';
import { contentHashSchema } from '../../shared/document/schema.ts';
import { createTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { createStudio, insertGeneration, type TestStudio } from '../../platform/testing/studio.ts';
import { type AgentProcess, startAgentProcess } from '../testing/agent-process.ts';
import { type Agent, type AgentOptions, startAgent } from './agent.ts';

let db: TestDatabase;
let pool: pg.Pool;
let boss: Boss;
let studio: TestStudio;
let home = '';
const agents: Agent[] = [];
const processes: AgentProcess[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  pool = openPool({ url: db.url, connections: 4, onError: () => undefined });
  boss = await openBoss({ url: db.url, supervise: false, onError: () => undefined });
  await ensureQueue(boss, 'image.probe');
  home = await mkdtemp(join(tmpdir(), 'gesso-agent-'));
  // Nobody is declared dead in the first three seconds of a Postgres.
  await pool.query(
    `select pg_sleep(greatest(0, extract(epoch from pg_postmaster_start_time() + interval '3.2 seconds' - clock_timestamp())))`,
  );
});

afterAll(async () => {
  await boss.stop({ graceful: false });
  await pool.end();
  await db.close();
  await rm(home, { recursive: true, force: true });
});

beforeEach(async () => {
  studio = await createStudio(pool);
});

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  for (const started of processes.splice(0)) {
    started.signal('SIGKILL');
    await started.gone;
  }
});

async function one(text: string, values: unknown[] = []) {
  const { rows } = await pool.query(text, values);
  return rows[0];
}

async function startInProcess(options: Partial<AgentOptions> = {}): Promise<Agent> {
  const agent = await startAgent({
    databaseUrl: db.url,
    storage: createDiskStore(join(home, 'assets')),
    gessoHome: home,
    pools: ['image'],
    slots: 1,
    servesProbes: true,
    log: createLog('test-worker'),
    ...options,
  });
  agents.push(agent);
  return agent;
}

async function startProcess(): Promise<AgentProcess> {
  const started = await startAgentProcess({ databaseUrl: db.url, home });
  processes.push(started);
  return started;
}

async function enqueue(work: { readonly steps: number; readonly stepMs: number }): Promise<string> {
  return transact(pool, async (sql) => {
    const generationId = await insertGeneration(sql, {
      studio,
      pack: 'probe',
      request: work,
      onCanvas: false,
    });
    const { organizationId } = studio;
    await enqueueJob(
      { boss, sql },
      { generationId, task: 'probe', organizationId, canvasId: null, pool: 'image', pack: 'probe', cost: 1 },
    );
    return generationId;
  });
}

const stateOf = async (id: string) => (await one(`select state from generation where id = $1`, [id])).state;
const untilState = (id: string, state: string, timeout = 15_000) =>
  expect.poll(() => stateOf(id), { timeout, interval: 20 }).toBe(state);
const untilStep = (id: string) =>
  expect
    .poll(async () => (await one(`select step from generation where id = $1`, [id])).step, {
      timeout: 15_000,
      interval: 20,
    })
    .toBeGreaterThan(0);

const untilCrashes = (id: string, crashes: number) =>
  expect
    .poll(async () => (await one(`select crashes from generation where id = $1`, [id])).crashes, {
      timeout: 20_000,
    })
    .toBe(crashes);

describe('an agent', () => {
  test('[Q2] [Q3] does the work exactly once and stores what its rows point at', async () => {
    await startInProcess({ slots: 2 });
    await startInProcess();
    const ids = await Promise.all(Array.from({ length: 30 }, () => enqueue({ steps: 2, stepMs: 5 })));
    for (const id of ids) await untilState(id, 'succeeded');
    const outputs = await pool.query(
      `select "assetHash" from generation_output where "generationId" = any($1::text[])`,
      [ids],
    );
    expect(outputs.rows).toHaveLength(30);
    const store = createDiskStore(join(home, 'assets'));
    for (const row of outputs.rows)
      expect(await store.has(contentHashSchema.parse(row.assetHash))).toBe(true);
    const { attempts } = await one(
      `select max(attempt) as attempts from generation where id = any($1::text[])`,
      [ids],
    );
    expect(attempts).toBe(1);
  });

  test('[Q7] stops a cancelled job within a second and goes on with the next', async () => {
    const agent = await startInProcess();
    const first = await enqueue({ steps: 1_000, stepMs: 20 });
    const second = await enqueue({ steps: 1, stepMs: 1 });
    await untilStep(first);
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: first, cost: 1 }));
    await untilState(second, 'succeeded');
    expect(await stateOf(first)).toBe('cancelled');
    await expect.poll(() => agent.runningIds()).toEqual([]);
  });

  test('[Q7] cancelled and put in line again at once: the second job is not taken for the first', async () => {
    await startInProcess();
    const id = await enqueue({ steps: 40, stepMs: 20 });
    await untilStep(id);
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: id, cost: 1 }));
    const job = {
      ...studio,
      generationId: id,
      canvasId: null,
      task: 'probe',
      pool: 'image',
      pack: 'probe',
      cost: 1,
    } as const;
    await transact(pool, (sql) => enqueueJob({ boss, sql }, job));
    await untilState(id, 'succeeded');
  });

  test('[Q4] a full asset disk ends the generation with words', async () => {
    const store = createDiskStore(join(home, 'full'));
    const put = () =>
      Promise.reject(new AppError('out_of_space', 'The disk is full.', { fix: 'Free some space.' }));
    await startInProcess({ storage: { ...store, put } });
    const id = await enqueue({ steps: 1, stepMs: 1 });
    await untilState(id, 'failed');
    const row = await one(
      `select error, (select count(*)::int from generation_output where "generationId" = $1) as outputs
        from generation where id = $1`,
      [id],
    );
    expect(row).toMatchObject({ error: { code: 'out_of_space', fix: 'Free some space.' }, outputs: 0 });
  });

  test('[Q7] kills a runner that does not listen', async () => {
    const agent = await startInProcess();
    const deaf = await enqueue({ steps: 1_000, stepMs: 50 });
    await untilStep(deaf);
    const [pid] = agent.runnerPids();
    process.kill(pid ?? 0, 'SIGSTOP');
    const next = await enqueue({ steps: 1, stepMs: 1 });
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: deaf, cost: 1 }));
    await untilState(next, 'succeeded');
    expect(await stateOf(deaf)).toBe('cancelled');
    expect(agent.runnerPids()).not.toContain(pid);
  });

  test('[Q5] gives the job of a killed runner back and does it again on the spare', async () => {
    const agent = await startInProcess();
    const id = await enqueue({ steps: 20, stepMs: 20 });
    await untilStep(id);
    process.kill(agent.runnerPids()[0] ?? 0, 'SIGKILL');
    await untilState(id, 'succeeded');
    expect(await one(`select attempt, crashes from generation where id = $1`, [id])).toEqual({
      attempt: 2,
      crashes: 1,
    });
    const outputs = await pool.query(`select 1 from generation_output where "generationId" = $1`, [id]);
    expect(outputs.rows).toHaveLength(1);
  });

  test('[Q6] sets a job aside that kills three runners, and others go on', async () => {
    const agent = await startInProcess();
    const poison = await enqueue({ steps: 10_000, stepMs: 10 });
    for (let crash = 1; crash <= 3; crash += 1) {
      await untilStep(poison);
      process.kill(agent.runnerPids()[0] ?? 0, 'SIGKILL');
      await expect
        .poll(async () => (await one(`select crashes from generation where id = $1`, [poison])).crashes, {
          timeout: 10_000,
          interval: 20,
        })
        .toBe(crash);
    }
    expect(await stateOf(poison)).toBe('failed');
    const other = await enqueue({ steps: 1, stepMs: 1 });
    await untilState(other, 'succeeded');
  });

  test('[Q5] a run without a step for too long is stopped and counted', async () => {
    await startInProcess({ stepLimitMs: 300 });
    const hung = await enqueue({ steps: 1, stepMs: 60_000 });
    await untilState(hung, 'failed', 30_000);
    expect((await one(`select crashes from generation where id = $1`, [hung])).crashes).toBe(3);
  });

  test('[Q6] a worker told to stop hands its job back without counting a crash', async () => {
    const agent = await startInProcess();
    const id = await enqueue({ steps: 1_000, stepMs: 20 });
    await untilStep(id);
    agents.splice(agents.indexOf(agent), 1);
    await agent.stop();
    expect(await one(`select state, crashes from generation where id = $1`, [id])).toEqual({
      state: 'queued',
      crashes: 0,
    });
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: id, cost: 1 }));
  });
});

describe('a runner that several jobs share', () => {
  const runningNow = async (ids: readonly string[]) =>
    (await one(`select count(*)::int as n from generation where id = any($1) and state = 'running'`, [ids]))
      .n;
  const rowsOf = async (ids: readonly string[]) =>
    (await pool.query(`select state, attempt, crashes from generation where id = any($1) order by id`, [ids]))
      .rows;

  test('[Q15] jobs of several teams go together, and a cancelled one leaves without the others', async () => {
    const agent = await startInProcess({ lanes: 4 });
    const first = await enqueue({ steps: 40, stepMs: 25 });
    await untilStep(first);
    studio = await createStudio(pool);
    const joined = await Promise.all([1, 2, 3].map(() => enqueue({ steps: 40, stepMs: 25 })));
    const waiting = await enqueue({ steps: 1, stepMs: 1 });
    for (const id of joined) await untilStep(id);
    expect(agent.runningIds().toSorted()).toEqual([first, ...joined].toSorted());
    expect(await stateOf(waiting)).toBe('queued');
    const [cancelled = '', ...others] = joined;
    const [pid] = agent.runnerPids();
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: cancelled, cost: 1 }));
    // Its lane is free for the next at once.
    await untilState(waiting, 'succeeded');
    for (const id of [first, ...others]) await untilState(id, 'succeeded');
    expect(await stateOf(cancelled)).toBe('cancelled');
    expect(agent.runnerPids()[0]).toBe(pid);
    expect((await rowsOf([first, ...others])).every((row) => row.attempt === 1)).toBe(true);
  });

  test('[Q15] a runner keeps to one job unless its model gains by more', async () => {
    const agent = await startInProcess();
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => enqueue({ steps: 10, stepMs: 20 })));
    // One runs; two more may still be stored when the machine is slow.
    while ((await rowsOf(ids)).some((row) => row.state !== 'succeeded')) {
      expect(await runningNow(ids)).toBeLessThanOrEqual(3);
      expect(agent.runningIds().length).toBeLessThanOrEqual(3);
    }
  });

  test('[Q16] a crash counts for all inside; then each runs alone, so that one cannot take the others down', async () => {
    const agent = await startInProcess({ lanes: 4 });
    const poison = await enqueue({ steps: 10_000, stepMs: 10 });
    const others = await Promise.all([1, 2].map(() => enqueue({ steps: 30, stepMs: 20 })));
    for (const id of [poison, ...others]) await untilStep(id);
    process.kill(agent.runnerPids()[0] ?? 0, 'SIGKILL');
    for (const id of others) await untilCrashes(id, 1);
    // The poison kills its runner whenever it runs; whoever is inside with it would be counted as well.
    for (let crash = 2; crash <= 3; crash += 1) {
      await untilCrashes(poison, crash - 1);
      await untilStep(poison);
      expect(await runningNow([poison, ...others])).toBe(1);
      process.kill(agent.runnerPids()[0] ?? 0, 'SIGKILL');
    }
    await untilState(poison, 'failed', 20_000);
    for (const id of others) await untilState(id, 'succeeded', 20_000);
    expect(await rowsOf(others)).toEqual(others.map(() => ({ state: 'succeeded', attempt: 2, crashes: 1 })));
    expect(await rowsOf([poison])).toEqual([{ state: 'failed', attempt: 3, crashes: 3 }]);
  });
});

describe('an agent process', () => {
  test('[Q11] kill -9: another worker takes its job over', async () => {
    const victim = await startProcess();
    const id = await enqueue({ steps: 30, stepMs: 30 });
    await untilStep(id);
    await startInProcess();
    victim.signal('SIGKILL');
    await untilState(id, 'succeeded');
    expect(await one(`select attempt, crashes from generation where id = $1`, [id])).toEqual({
      attempt: 2,
      crashes: 1,
    });
    // Its runners went with it.
    await victim.gone;
    await expect.poll(() => victim.runnerPids(), { timeout: 5_000 }).toEqual([]);
  });

  test('[Q5] [Q3] frozen: its job is taken over after ten seconds, and what it says after thawing is refused', async () => {
    const victim = await startProcess();
    const id = await enqueue({ steps: 100, stepMs: 20 });
    await untilStep(id);
    victim.signal('SIGSTOP');
    await startInProcess();
    await untilState(id, 'succeeded', 30_000);
    const before = await one(`select "finishedAt", attempt from generation where id = $1`, [id]);
    expect(before.attempt).toBe(2);
    victim.signal('SIGCONT');
    const next = await Promise.all(Array.from({ length: 4 }, () => enqueue({ steps: 1, stepMs: 100 })));
    for (const other of next) await untilState(other, 'succeeded');
    expect(await one(`select "finishedAt", attempt from generation where id = $1`, [id])).toEqual(before);
    const outputs = await pool.query(`select 1 from generation_output where "generationId" = $1`, [id]);
    expect(outputs.rows).toHaveLength(1);
  });

  test('[Q6] SIGTERM: it ends by itself and its unfinished job is in line again', async () => {
    const worker = await startProcess();
    const id = await enqueue({ steps: 10_000, stepMs: 20 });
    await untilStep(id);
    worker.signal('SIGTERM');
    await worker.gone;
    expect(await one(`select state, crashes from generation where id = $1`, [id])).toEqual({
      state: 'queued',
      crashes: 0,
    });
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: id, cost: 1 }));
  });
});
