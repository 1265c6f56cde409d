import type { PgBoss } from 'pg-boss';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { createStudio, insertGeneration, plainRequest, type TestStudio } from '../testing/studio.ts';
import { ensureQueue, openBoss } from './boss.ts';
import { cancelJob } from './cancel.ts';
import { type ClaimedJob, claimJob } from './claim.ts';
import { enqueueJob } from './enqueue.ts';
import { ensureClock } from './fair-share.ts';
import { listPlaces } from './line.ts';
import { openListener } from './listener.ts';
import { poisonQueue } from './names.ts';
import { transactPrisma } from './prisma-sql.ts';
import { reportProgress } from './progress.ts';
import { reapForgottenJobs, reapLostJobs } from './reap.ts';
import { loseAttempt, settleFailure } from './settle-failure.ts';
import { settleSuccess, type Success } from './settle-success.ts';
import { onPool, openPool, transact } from './sql.ts';
import { touchClaim } from './touch.ts';
import { listServedPools, registerWorker, type WorkerRow } from './workers.ts';

let db: TestDatabase;
let pool: pg.Pool;
let boss: PgBoss;
let studio: TestStudio;
let worker: WorkerRow;
let pack = '';
let queue = '';
let packs = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  pool = openPool({ url: db.url, connections: 6, onError: () => undefined });
  boss = await openBoss({ url: db.url, supervise: false, onError: () => undefined });
  await ensureClock(onPool(pool), 'image');
});

afterAll(async () => {
  await boss.stop({ graceful: false });
  await pool.end();
  await db.close();
});

beforeEach(async () => {
  await pool.query(`update generation set state = 'cancelled' where state in ('queued', 'running')`);
  packs += 1;
  pack = `pack-${packs}`;
  queue = `image.${pack}`;
  await ensureQueue(boss, queue);
  studio = await createStudio(pool);
  worker = await registerWorker(onPool(pool), {
    hostname: 'test',
    pools: ['image'],
    packs: [pack],
    device: 'cpu',
  });
});

const deps = () => ({ boss, pool });

async function enqueue(
  options: { readonly studio?: TestStudio; readonly cost?: number } = {},
): Promise<string> {
  return transact(pool, async (sql) => {
    const owner = options.studio ?? studio;
    const generationId = await insertGeneration(sql, { studio: owner, pack, request: plainRequest });
    await enqueueJob(
      { boss, sql },
      { ...owner, generationId, task: 'generate-image', pool: 'image', pack, cost: options.cost ?? 8 },
    );
    return generationId;
  });
}

async function claim(workerId = worker.id): Promise<ClaimedJob> {
  const job = await claimJob(deps(), { queue, workerId });
  if (job === null) throw new Error('nothing to claim');
  return job;
}

async function rowOf(generationId: string) {
  const { rows } = await pool.query(`select * from generation where id = $1`, [generationId]);
  return rows[0];
}

function successOf(generationId: string, digit = 'a'): Success {
  const hash = digit.repeat(64);
  return {
    generationId,
    outputs: [
      { id: `out-${generationId}`, index: 0, seed: 7, assetHash: hash, width: 256, height: 256, recipe: {} },
    ],
    assets: [{ hash, kind: 'picture', mediaType: 'image/png', bytes: 10, width: 256, height: 256 }],
    inputs: [{ role: 'source', assetHash: 'b'.repeat(64) }],
    durationMs: 120,
  };
}

describe('enqueue', () => {
  test('[Q1] a rollback leaves neither row nor job, a commit both', async () => {
    const generationId = await enqueue();
    await expect(
      transact(pool, async (sql) => {
        const id = await insertGeneration(sql, { studio, pack, request: plainRequest });
        await enqueueJob(
          { boss, sql },
          { ...studio, generationId: id, task: 't', pool: 'image', pack, cost: 1 },
        );
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    const { rows } = await pool.query(`select count(*)::int as n from generation where pack = $1`, [pack]);
    expect(rows[0].n).toBe(1);
    const jobs = await boss.findJobs(queue, { queued: true });
    expect(jobs.map((job) => job.data)).toEqual([{ generationId, task: 'generate-image' }]);
  });

  test('[Q1] the same inside a Prisma transaction', async () => {
    await expect(
      transactPrisma(db.database, async (_, sql) => {
        const id = await insertGeneration(sql, { studio, pack, request: plainRequest });
        await enqueueJob(
          { boss, sql },
          { ...studio, generationId: id, task: 't', pool: 'image', pack, cost: 1 },
        );
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await boss.findJobs(queue, { queued: true })).toHaveLength(0);
    await transactPrisma(db.database, async (_, sql) => {
      const id = await insertGeneration(sql, { studio, pack, request: plainRequest });
      await enqueueJob(
        { boss, sql },
        { ...studio, generationId: id, task: 't', pool: 'image', pack, cost: 1 },
      );
    });
    expect(await boss.findJobs(queue, { queued: true })).toHaveLength(1);
  });
});

describe('claim and settle', () => {
  test('[Q2] a claim leaves on a job what pg-boss itself would, at the first attempt and at the next', async () => {
    const marks = async () => {
      const { rows } = await pool.query(
        `select state, retry_count, started_on is not null as started, heartbeat_on is not null as beating,
                completed_on, blocked from pgboss.job where name = $1 and state = 'active'`,
        [queue],
      );
      return rows;
    };
    const fail = async (id: string, retryCount: number) => boss.fail(queue, { id, retryCount });
    await enqueue();
    const ours = await claim();
    const first = await marks();
    await fail(ours.jobId, 0);
    await pool.query(`update generation set attempt = 0 where id = $1`, [ours.generationId]);
    const [theirs] = await boss.fetch(queue, { includeMetadata: true });
    expect(await marks()).toEqual([{ ...first[0], retry_count: 1 }]);
    await fail(theirs?.id ?? '', 1);
    expect(await claim()).toMatchObject({ jobId: ours.jobId, attempt: 3 });
    expect(await marks()).toEqual([{ ...first[0], retry_count: 2 }]);
  });

  test('[Q2] many claimers at once: every job has exactly one owner', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 20; i += 1) ids.add(await enqueue());
    const claimed = await Promise.all(
      Array.from({ length: 30 }, () => claimJob(deps(), { queue, workerId: worker.id })),
    );
    const got = claimed.flatMap((job) => (job === null ? [] : [job.generationId]));
    expect(got).toHaveLength(20);
    expect(new Set(got)).toEqual(ids);
    const { rows } = await pool.query(
      `select count(*)::int as n from generation where pack = $1 and state = 'running' and "workerId" = $2`,
      [pack, worker.id],
    );
    expect(rows[0].n).toBe(20);
  });

  test('[Q3] a success commits outputs, assets, lineage, outbox and state once; settling again changes nothing', async () => {
    const generationId = await enqueue();
    const job = await claim();
    expect(await settleSuccess(deps(), job, successOf(generationId))).toBe('settled');
    expect(await settleSuccess(deps(), job, successOf(generationId))).toBe('settled');
    expect(await rowOf(generationId)).toMatchObject({ state: 'succeeded', durationMs: 120, attempt: 1 });
    const counts = await pool.query(
      `select (select count(*)::int from generation_output where "generationId" = $1) as outputs,
              (select count(*)::int from generation_input where "generationId" = $1) as inputs,
              (select count(*)::int from asset where "organizationId" = $2) as assets,
              (select count(*)::int from canvas_outbox where "canvasId" = $3) as owed`,
      [generationId, studio.organizationId, studio.canvasId],
    );
    expect(counts.rows[0]).toEqual({ outputs: 1, inputs: 1, assets: 1, owed: 1 });
  });

  test('[Q3] a worker that lost its claim writes nothing', async () => {
    const generationId = await enqueue();
    const zombie = await claim();
    await loseAttempt(deps(), zombie, { generationId, why: 'test', isCrash: true });
    const second = await claim();
    expect(second.attempt).toBe(2);
    expect(await settleSuccess(deps(), zombie, successOf(generationId, 'c'))).toBe('refused');
    expect(await touchClaim(boss, pool, zombie)).toBe(false);
    expect(await settleSuccess(deps(), second, successOf(generationId, 'd'))).toBe('settled');
    const { rows } = await pool.query(`select "assetHash" from generation_output where "generationId" = $1`, [
      generationId,
    ]);
    expect(rows).toEqual([{ assetHash: 'd'.repeat(64) }]);
  });

  test('[Q4] an error ends the generation with its reason and is not tried again', async () => {
    const generationId = await enqueue();
    const job = await claim();
    const reason = { code: 'bad_input', message: 'The mask is empty.', fix: 'Paint a mask.' };
    expect(await settleFailure(deps(), job, { generationId, reason })).toBe('settled');
    expect(await rowOf(generationId)).toMatchObject({ state: 'failed', error: reason });
    expect(await claimJob(deps(), { queue, workerId: worker.id })).toBeNull();
  });
});

describe('loss', () => {
  test('[Q5] a lost job goes back to its old place, before jobs that came later', async () => {
    const first = await enqueue();
    await enqueue();
    const job = await claim();
    await loseAttempt(deps(), job, { generationId: first, why: 'test', isCrash: true });
    expect((await claim()).generationId).toBe(first);
  });

  test('[Q5] a claim that its worker never heard of is given back, without a crash, after five seconds', async () => {
    const known = await enqueue();
    const forgotten = await enqueue();
    await claim();
    await claim();
    const me = { id: worker.id, runningIds: [known] };
    expect(await reapForgottenJobs(deps(), me)).toBe(0);
    await pool.query(
      `update generation set "startedAt" = "startedAt" - interval '6 seconds' where pack = $1`,
      [pack],
    );
    expect(await reapForgottenJobs(deps(), me)).toBe(1);
    expect(await rowOf(forgotten)).toMatchObject({ state: 'queued', crashes: 0 });
    expect(await rowOf(known)).toMatchObject({ state: 'running' });
  });

  test('[Q6] three crashes set the job aside with a copy among the dead letters; handing back is no crash', async () => {
    const generationId = await enqueue();
    await loseAttempt(deps(), await claim(), { generationId, why: 'stopping', isCrash: false });
    for (let i = 0; i < 3; i += 1) {
      await loseAttempt(deps(), await claim(), { generationId, why: 'runner died', isCrash: true });
    }
    expect(await rowOf(generationId)).toMatchObject({
      state: 'failed',
      crashes: 3,
      error: { code: 'internal' },
    });
    expect(await claimJob(deps(), { queue, workerId: worker.id })).toBeNull();
    const dead = await boss.findJobs(poisonQueue, { data: { generationId } });
    expect(dead).toHaveLength(1);
  });

  test('[Q11] the reaper takes jobs of workers without a lock and of silent ones, and leaves the living alone', async () => {
    const onNotification = () => undefined;
    const alive = openListener({
      url: db.url,
      channels: [],
      onNotification,
      onError: () => undefined,
      prepare: async (client) => {
        await client.query('select pg_advisory_lock(4242, $1)', [worker.lockKey]);
      },
    });
    await alive.whenLive();
    // The test server started more than the grace of 3 s ago, or we wait for it.
    await expect
      .poll(
        async () => {
          const { rows } = await pool.query(
            `select clock_timestamp() > pg_postmaster_start_time() + interval '3 seconds' as ok`,
          );
          return rows[0].ok;
        },
        { timeout: 10_000 },
      )
      .toBe(true);

    const kept = await enqueue();
    const lost = await enqueue();
    await claim();
    const dead = await registerWorker(onPool(pool), {
      hostname: 'dead',
      pools: ['image'],
      packs: [pack],
      device: 'cpu',
    });
    await claim(dead.id);
    expect(await listServedPools(onPool(pool))).toEqual([{ pool: 'image', packs: [pack], workers: 1 }]);
    expect(await reapLostJobs(boss, pool)).toBe(1);
    expect(await rowOf(lost)).toMatchObject({ state: 'queued', crashes: 1, workerId: null });
    expect(await rowOf(kept)).toMatchObject({ state: 'running' });

    await pool.query(
      `update worker set "heartbeatAt" = "heartbeatAt" - interval '11 seconds' where id = $1`,
      [worker.id],
    );
    const both = await Promise.all([reapLostJobs(boss, pool), reapLostJobs(boss, pool)]);
    expect(both[0] + both[1]).toBe(1);
    expect(await rowOf(kept)).toMatchObject({ state: 'queued', crashes: 1 });
    await alive.close();
  });
});

describe('cancel', () => {
  test('[Q7] a queued job leaves the line and gives its share back; a running one is refused at its end', async () => {
    const queued = await enqueue({ cost: 100 });
    expect(await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: queued, cost: 100 }))).toBe(
      true,
    );
    expect(await claimJob(deps(), { queue, workerId: worker.id })).toBeNull();
    const running = await enqueue();
    const job = await claim();
    expect(await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: running, cost: 8 }))).toBe(
      true,
    );
    expect(await rowOf(running)).toMatchObject({ state: 'cancelled' });
    expect(await settleSuccess(deps(), job, successOf(running))).toBe('refused');
    expect(await rowOf(running)).toMatchObject({ state: 'cancelled' });
    expect(await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: running, cost: 8 }))).toBe(
      false,
    );
  });
});

describe('order', () => {
  test('[Q15] who claims to join others takes the next in line, and each team is charged as ever', async () => {
    const other = await createStudio(pool, 'other');
    const ids = [
      await enqueue(),
      await enqueue({ studio: other }),
      await enqueue(),
      await enqueue({ studio: other }),
    ];
    const joined: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      const job = await claimJob(deps(), { queue, workerId: worker.id, joins: true });
      joined.push(job?.organizationId === other.organizationId ? 'other' : 'ours');
      expect(ids).toContain(job?.generationId);
    }
    expect(joined.slice(0, 2).toSorted()).toEqual(['other', 'ours']);
    expect(joined.slice(2).toSorted()).toEqual(['other', 'ours']);
    expect(await claimJob(deps(), { queue, workerId: worker.id, joins: true })).toBeNull();
  });

  test('[Q16] a job that lost an attempt joins nobody, stays first, and nobody behind it joins before it', async () => {
    const first = await enqueue();
    const behind = await enqueue();
    await loseAttempt(deps(), await claim(), { generationId: first, why: 'test', isCrash: true });
    expect(await claimJob(deps(), { queue, workerId: worker.id, joins: true })).toBeNull();
    expect(await rowOf(first)).toMatchObject({ state: 'queued', attempt: 1, crashes: 1 });
    expect(await claim()).toMatchObject({ generationId: first, attempt: 2 });
    const next = await claimJob(deps(), { queue, workerId: worker.id, joins: true });
    expect(next?.generationId).toBe(behind);
  });

  test('[Q10] a newcomer behind 300 jobs is served second at the latest, its fifth within ten', async () => {
    const other = await createStudio(pool, 'newcomer');
    for (let i = 0; i < 300; i += 1) await enqueue();
    const first = await claim();
    await settleSuccess(deps(), first, successOf(first.generationId));
    for (let i = 0; i < 5; i += 1) await enqueue({ studio: other });
    const served: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const job = await claim();
      served.push(job.organizationId === other.organizationId ? 'new' : 'old');
      await settleFailure(deps(), job, {
        generationId: job.generationId,
        reason: { code: 'x', message: '', fix: '' },
      });
    }
    const slots = served.flatMap((team, i) => (team === 'new' ? [i + 1] : []));
    expect(slots[0]).toBeLessThanOrEqual(2);
    expect(slots[4]).toBeLessThanOrEqual(10);
  });

  test('[Q12] places count everybody, running ones say what remains', async () => {
    const other = await createStudio(pool, 'other');
    await enqueue({ studio: other });
    await claim();
    const theirs = await enqueue({ studio: other });
    const mine = await enqueue();
    const places = await listPlaces(onPool(pool), studio.organizationId);
    expect(places.map((place) => place.generationId)).toEqual([mine]);
    const all = [...places, ...(await listPlaces(onPool(pool), other.organizationId))];
    const queued = all.flatMap((place) => (place.state === 'queued' ? [place] : []));
    expect(queued.map((place) => place.position).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(new Set(queued.map((place) => place.generationId))).toEqual(new Set([theirs, mine]));
    expect(all.filter((place) => place.state === 'running')).toHaveLength(1);
  });
});

describe('progress', () => {
  test('[Q9] progress reaches listeners with the largest preview and stays on the row; a lost attempt has none', async () => {
    const heard: string[] = [];
    const listener = openListener({
      url: db.url,
      channels: ['generation_event'],
      onNotification: (_, payload) => heard.push(payload),
      onError: () => undefined,
    });
    await listener.whenLive();
    const generationId = await enqueue();
    const job = await claim();
    const progress = { step: 3, steps: 8, remainingMs: 1234.5, preview: 'A'.repeat(7_000) };
    expect(await reportProgress(pool, job, progress)).toBe(true);
    expect(await rowOf(generationId)).toMatchObject({ step: 3, steps: 8 });
    await expect.poll(() => heard.filter((payload) => payload.includes('AAAA')).length).toBe(1);
    await loseAttempt(deps(), job, { generationId, why: 'test', isCrash: false });
    expect(await reportProgress(pool, job, progress)).toBe(false);
    await listener.close();
  });
});
