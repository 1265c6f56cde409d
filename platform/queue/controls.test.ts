import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { createStudio, insertGeneration, plainRequest, type TestStudio } from '../testing/studio.ts';
import { type Boss, ensureQueue, openBoss } from './boss.ts';
import { cancelJob } from './cancel.ts';
import { claimJob } from './claim.ts';
import { enqueueJob } from './enqueue.ts';
import { ensureClock } from './fair-share.ts';
import { listPlaces } from './line.ts';
import { moveToFront } from './move-to-front.ts';
import { pauseJob, resumeJob } from './pause.ts';
import { loseAttempt } from './settle-failure.ts';
import { onPool, openPool, transact } from './sql.ts';
import { listWaitingQueues } from './waiting-queues.ts';
import { registerWorker, type WorkerRow } from './workers.ts';

let db: TestDatabase;
let pool: pg.Pool;
let boss: Boss;
let worker: WorkerRow;
let ours: TestStudio;
let theirs: TestStudio;
let pack = '';
let packs = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  pool = openPool({ url: db.url, connections: 6, onError: () => undefined });
  boss = await openBoss({ url: db.url, supervise: false, onError: () => undefined });
});

afterAll(async () => {
  await boss.stop({ graceful: false });
  await pool.end();
  await db.close();
});

beforeEach(async () => {
  await pool.query(`update generation set state = 'cancelled' where state in ('queued', 'running')`);
  await pool.query(`delete from team_share`);
  await ensureClock(onPool(pool), 'image');
  packs += 1;
  pack = `pack-${packs}`;
  await ensureQueue(boss, `image.${pack}`);
  ours = await createStudio(pool, 'ours');
  theirs = await createStudio(pool, 'theirs');
  const hostname = 'test';
  worker = await registerWorker(onPool(pool), { hostname, pools: ['image'], packs: [pack], device: 'cpu' });
});

function enqueue(studio: TestStudio, cost = 8): Promise<string> {
  return transact(pool, async (sql) => {
    const generationId = await insertGeneration(sql, { studio, pack, request: plainRequest });
    const job = { ...studio, generationId, task: 'generate-image', pool: 'image', pack, cost } as const;
    await enqueueJob({ boss, sql }, job);
    return generationId;
  });
}

const pause = (id: string) => transact(pool, (sql) => pauseJob({ boss, sql }, id));
const resume = (id: string) => transact(pool, (sql) => resumeJob({ boss, sql }, id));
const toFront = (id: string) => transact(pool, (sql) => moveToFront(sql, id));
const claim = () => claimJob({ boss, pool }, { queue: `image.${pack}`, workerId: worker.id });

async function claimAll(): Promise<readonly string[]> {
  const claimed: string[] = [];
  for (let job = await claim(); job !== null; job = await claim()) claimed.push(job.generationId);
  return claimed;
}

test('[Q17] a paused one is not taken, counts for nobody’s place, and goes on at its own when resumed', async () => {
  const [first, second, third] = [await enqueue(ours), await enqueue(ours), await enqueue(ours)];
  expect(await pause(first)).toBe(true);
  expect(await pause(first)).toBe(false);
  const places = await listPlaces(onPool(pool), ours.organizationId);
  expect(places).toMatchObject([
    { generationId: second, state: 'queued', position: 1 },
    { generationId: third, state: 'queued', position: 2 },
    { generationId: first, state: 'paused' },
  ]);
  expect((await claim())?.generationId).toBe(second);
  expect(await resume(first)).toBe(true);
  expect(await resume(first)).toBe(false);
  expect(await claimAll()).toEqual([first, third]);
});

test('[Q17] a queue with only paused ones in it is no reason to leave another model', async () => {
  await pause(await enqueue(ours));
  expect(await claim()).toBeNull();
  expect(await listWaitingQueues(onPool(pool), [{ queue: `image.${pack}`, pack }])).toEqual([]);
});

test('[Q17] waiting aside saves nothing up: who resumes goes behind who would start now', async () => {
  const aside = await enqueue(ours);
  await pause(aside);
  for (let i = 0; i < 6; i += 1) await enqueue(theirs);
  for (let i = 0; i < 5; i += 1) await claim();
  // The clock stands at the fifth of theirs, so the sixth comes later than what resumes now, and a newcomer equally late.
  await resume(aside);
  const newcomer = await enqueue(await createStudio(pool, 'newcomer'));
  expect((await claimAll()).slice(0, 2).toSorted()).toEqual([aside, newcomer].toSorted());
});

test('[Q17] what runs or ended cannot be paused; a paused one can be cancelled and put in line again', async () => {
  const running = await enqueue(ours);
  const job = await claim();
  expect(await pause(running)).toBe(false);
  if (job !== null) {
    await loseAttempt({ boss, pool }, job, { generationId: running, why: 'test', isCrash: true });
  }
  // Paused after a lost attempt, it is still the second attempt that runs.
  expect(await pause(running)).toBe(true);
  expect(await resume(running)).toBe(true);
  expect(await claim()).toMatchObject({ generationId: running, attempt: 2 });

  const paused = await enqueue(ours);
  await pause(paused);
  expect(await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: paused, cost: 8 }))).toBe(
    true,
  );
  expect(await resume(paused)).toBe(false);
  const task = 'generate-image';
  await transact(pool, (sql) =>
    enqueueJob({ boss, sql }, { ...ours, generationId: paused, task, pool: 'image', pack, cost: 8 }),
  );
  expect(await claimAll()).toEqual([paused]);
});

test('[Q17] pausing while workers take: each job is either taken or paused', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => enqueue(ours)));
  const [paused, claimed] = await Promise.all([
    Promise.all(ids.map(async (id) => ((await pause(id)) ? [id] : []))),
    Promise.all(ids.map(async () => (await claim())?.generationId ?? null)),
  ]);
  const aside = paused.flat();
  const taken = claimed.filter((id) => id !== null);
  expect([...aside, ...taken, ...(await claimAll())].toSorted()).toEqual(ids.toSorted());
});

test('[Q18] the front of a team’s own line; the other team’s turns stay where they were', async () => {
  const a = [await enqueue(ours), await enqueue(ours), await enqueue(ours)];
  const b = [await enqueue(theirs), await enqueue(theirs), await enqueue(theirs)];
  expect(await toFront(a[2] ?? '')).toBe(true);
  const places = await listPlaces(onPool(pool), ours.organizationId);
  expect(places.map((place) => place.generationId)).toEqual([a[2], a[0], a[1]]);
  const order = await claimAll();
  expect(order.filter((id) => a.includes(id))).toEqual([a[2], a[0], a[1]]);
  expect(order.filter((id) => b.includes(id))).toEqual(b);
  // Turn by turn, as without the move.
  expect(order.map((id) => (b.includes(id) ? 'b' : 'a')).join('')).toMatch(/^(ab|ba){3}$/);
});

test('[Q18] only what waits can be moved, and the first stays the first', async () => {
  const [first, second] = [await enqueue(ours), await enqueue(ours)];
  expect(await toFront(first)).toBe(true);
  await pause(second);
  expect(await toFront(second)).toBe(false);
  await resume(second);
  expect(await claimAll()).toEqual([first, second]);
  expect(await toFront(first)).toBe(false);
});

test('[Q18] moving while workers take loses nothing and takes nothing twice', async () => {
  const ids = await Promise.all(Array.from({ length: 24 }, () => enqueue(ours)));
  const claimed: string[] = [];
  await Promise.all([
    ...ids.map((id) => toFront(id)),
    ...ids.slice(0, 12).map(async () => {
      const job = await claim();
      if (job !== null) claimed.push(job.generationId);
    }),
  ]);
  expect([...claimed, ...(await claimAll())].toSorted()).toEqual(ids.toSorted());
});
