import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { Log } from '../../platform/log.ts';
import { type Boss, ensureQueue, openBoss } from '../../platform/queue/boss.ts';
import { type ClaimedJob, claimJob } from '../../platform/queue/claim.ts';
import { type Affinity, chooseQueue } from '../../platform/queue/choose-queue.ts';
import { ensureClock } from '../../platform/queue/fair-share.ts';
import { queueNameOf } from '../../platform/queue/names.ts';
import { reapForgottenJobs, reapLostJobs } from '../../platform/queue/reap.ts';
import { onPool, openPool } from '../../platform/queue/sql.ts';
import { touchClaim } from '../../platform/queue/touch.ts';
import { listWaitingQueues } from '../../platform/queue/waiting-queues.ts';
import { beat, markStopped, registerWorker, sweepWorkers } from '../../platform/queue/workers.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import type { Pool } from '../../shared/contracts/generation.ts';
import { createPackScanner, type PackScanner, type ServablePack } from './packs.ts';
import { createRunnerPair, type RunnerPair } from './runner-pair.ts';
import { openSession } from './session.ts';
import { type RunningJob, startJob } from './slot.ts';

export interface AgentOptions {
  readonly databaseUrl: string;
  readonly storage: AssetStore;
  readonly gessoHome: string;
  readonly pools: readonly Pool[];
  /** Runner processes: one a device. Each has one job at a time, or as many as its model gains by. */
  readonly slots: number;
  /** Decides how many jobs a runner has at once, whatever its model gains by it. */
  readonly lanes?: number;
  /** Takes probe jobs as well, which the chaos and bench scripts send. */
  readonly servesProbes: boolean;
  readonly log: Log;
  /** Milliseconds without a step after which a run counts as hung. Loading a model counts as the first step. */
  readonly stepLimitMs?: number;
  /** Resident memory after which a runner is replaced, in bytes. */
  readonly memoryLimit?: number;
}

export interface Agent {
  readonly workerId: string;
  /** Process ids of the living runners. */
  runnerPids(): readonly number[];
  /** Generations that run here now. */
  runningIds(): readonly string[];
  /** Takes no more work, lets what runs finish for `graceMs`, gives the rest back to the line, and closes everything. */
  stop(graceMs?: number): Promise<void>;
}

const beatEveryMs = 2_000;
const reapEveryMs = 150;
const scanEveryMs = 15_000;
/** How much later a runner that has work looks for more of it than an idle one. */
const joinAfterMs = 15;
/** Results of one runner that may wait to be stored before it takes more work. */
const mostSettling = 2;
/** An idle slot looks by itself this often, should a wake message be lost. */
const pollEveryMs = 1_000;
const probePack: ServablePack = { id: 'probe', pool: 'image' };

/**
 * A worker agent: one process a machine. It claims jobs, has runner processes do them, settles the results, and watches
 * over everybody's lost jobs. It never loads a model itself, so its heartbeat never waits for one.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { databaseUrl, log } = options;
  const pool = openPool({
    url: databaseUrl,
    connections: 3 + options.slots,
    onError: (err) => log.debug({ err }, 'an idle connection was lost'),
  });
  const boss = await openBoss({
    url: databaseUrl,
    supervise: true,
    onError: (err) => log.warn({ err: err.message }, 'the queue lost its connection for a moment'),
  });
  const scanner = createPackScanner(options.gessoHome, log);
  let packs = await scanPacks(scanner, options);
  await prepareQueues(boss, pool, { packs, pools: options.pools });
  const name = hostname();
  const worker = await registerWorker(onPool(pool), {
    hostname: name,
    pools: options.pools,
    packs: packs.map((pack) => pack.id),
    device: 'cpu',
  });
  const ending = new AbortController();
  const running = new Map<string, RunningJob>();
  const recentlyCancelled = new Set<string>();
  const stopping = new AbortController();
  let wakers: (() => void)[] = [];

  function wakeAll(): void {
    const woken = wakers;
    wakers = [];
    for (const wake of woken) wake();
  }

  function cancel(generationId: string): void {
    running.get(generationId)?.stop('cancelled');
    // The message may overtake the answer to our own claim.
    recentlyCancelled.add(generationId);
    setTimeout(() => recentlyCancelled.delete(generationId), 10_000).unref();
  }

  const session = openSession({
    url: databaseUrl,
    lockKey: worker.lockKey,
    log,
    onWake: wakeAll,
    onCancel: cancel,
    onLive: () => {
      void keepAlive();
      wakeAll();
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'gesso-runner-'));
  const describeRunner = () => ({
    cwd: folder,
    warm: {
      task: options.servesProbes ? 'probe' : 'generate-image',
      packs: {
        ids: packs.map((pack) => pack.id),
        folders: [...scanner.folders],
        lanes: options.lanes ?? null,
      },
    },
  });
  const runnerPairs = Array.from({ length: options.slots }, () => createRunnerPair(describeRunner));

  const keepAlive = guarded('heartbeat', log, async () => {
    await beat(
      onPool(pool),
      worker.id,
      packs.map((pack) => pack.id),
    );
    await Promise.all(
      [...running.values()].map(async (one) => {
        if (!(await touchClaim(boss, pool, one.job))) one.stop('lost');
      }),
    );
    const forgotten = await reapForgottenJobs(
      { boss, pool },
      { id: worker.id, runningIds: [...running.keys()] },
    );
    if (forgotten > 0)
      log.warn({ count: forgotten }, 'gave back jobs whose claims this worker never heard of');
  });
  const reap = guarded('reaper', log, async () => {
    if (!session.isLive) return;
    const count = await reapLostJobs(boss, pool);
    if (count > 0) log.info({ count }, 'gave lost jobs back to the line');
  });
  const scan = guarded('pack scan', log, async () => {
    packs = await scanPacks(scanner, options);
    await prepareQueues(boss, pool, { packs, pools: options.pools });
  });
  const sweep = guarded('sweep', log, () => sweepWorkers(onPool(pool)));
  const timers = [
    setInterval(() => void keepAlive(), beatEveryMs),
    setInterval(() => void reap(), reapEveryMs),
    setInterval(() => void scan(), scanEveryMs),
    setInterval(() => void sweep(), 3_600_000),
  ];

  /** Waits until something may have come in, one of `others` is done, or a second. */
  function idle(others: readonly Promise<unknown>[] = []): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        wakers = wakers.filter((one) => one !== wake);
        resolve();
      };
      const timer = setTimeout(wake, pollEveryMs);
      wakers.push(wake);
      for (const other of others) void other.then(wake);
    });
  }

  /** `joins`: for a runner that has work already, which only more of the same model may share. */
  async function claimNext(affinity: Affinity, joins: boolean): Promise<ClaimedJob | null> {
    const queues = packs.map((pack) => ({ pack: pack.id, queue: queueNameOf(pack.pool, pack.id) }));
    const only = queues.length === 1 ? queues[0]?.queue : undefined;
    const queue = only ?? chooseQueue(await listWaitingQueues(onPool(pool), queues), affinity);
    if (queue === null || queue === undefined) return null;
    if (joins && queues.find((one) => one.queue === queue)?.pack !== affinity.pack) return null;
    return claimJob({ boss, pool }, { queue, workerId: worker.id, joins });
  }

  /** Keeps one runner at work until the agent stops. */
  async function serve(runners: RunnerPair): Promise<void> {
    let affinity: Affinity = { pack: null, run: 0 };
    /** Jobs in the runner now, and jobs whose results are being stored. */
    const inside = new Set<RunningJob>();
    const settling = new Set<RunningJob>();
    while (!stopping.signal.aborted) {
      const leaving = [...inside].map((one) => one.ran);
      const joins = inside.size > 0;
      if (joins && !mayBeJoined(inside, runners)) {
        await Promise.race(leaving);
        continue;
      }
      if (!session.isLive) {
        await idle(leaving);
        continue;
      }
      // Where another worker is idle, the job is done sooner there.
      if (joins) await delay(joinAfterMs);
      let job: ClaimedJob | null = null;
      try {
        if (!stopping.signal.aborted) job = await claimNext(affinity, joins && inside.size > 0);
      } catch (err) {
        log.warn({ err }, 'could not look for work; trying again');
      }
      if (job === null) {
        await idle(leaving);
        continue;
      }
      affinity = { pack: job.pack, run: job.pack === affinity.pack ? affinity.run + 1 : 1 };
      const one = start(job, runners);
      inside.add(one);
      settling.add(one);
      // The runner takes the next job while this one's result is stored and committed.
      void one.ran.then(() => inside.delete(one));
      void one.settled.then(() => settling.delete(one));
      await Promise.race([one.ran, one.began]);
      if (settling.size - inside.size > mostSettling) {
        await Promise.race([...settling].filter((other) => !inside.has(other)).map((other) => other.settled));
      }
    }
  }

  function start(job: ClaimedJob, runners: RunnerPair): RunningJob {
    const one = startJob(job, {
      boss,
      pool,
      storage: options.storage,
      runners,
      packFolders: scanner.folders,
      workerName: name,
      log,
      signal: ending.signal,
      stepLimitMs: options.stepLimitMs ?? 120_000,
      memoryLimit: options.memoryLimit ?? 3 * 1024 ** 3,
    });
    running.set(job.generationId, one);
    if (recentlyCancelled.has(job.generationId)) void checkCancelled(one);
    if (stopping.signal.aborted) one.stop('stopping');
    void one.settled.then(() => {
      if (running.get(job.generationId) === one) running.delete(job.generationId);
    });
    return one;
  }

  /** The message may have meant an earlier job of the same generation, which was then retried; the claim tells. */
  async function checkCancelled(one: RunningJob): Promise<void> {
    try {
      if (!(await touchClaim(boss, pool, one.job))) one.stop('cancelled');
    } catch (err) {
      log.debug({ err }, 'the next heartbeat will tell whether a claim was cancelled');
    }
  }

  const serving = runnerPairs.map(serve);
  await session.whenLive();
  log.info({ workerId: worker.id, packs: packs.map((pack) => pack.id) }, 'the worker is ready');

  return {
    workerId: worker.id,
    runnerPids: () => runnerPairs.flatMap((pair) => pair.pids()),
    runningIds: () => [...running.keys()],
    async stop(graceMs = 0) {
      stopping.abort();
      wakeAll();
      const all = () => Promise.all([...running.values()].map((one) => one.settled));
      await Promise.race([all(), delay(graceMs)]);
      for (const one of running.values()) one.stop('stopping');
      await Promise.race([all(), delay(5_000)]);
      ending.abort(new Error('the worker stops'));
      for (const timer of timers) clearInterval(timer);
      await Promise.all(serving.map((slot) => Promise.race([slot, delay(2_000)])));
      await Promise.all(runnerPairs.map((pair) => pair.close()));
      await markStopped(onPool(pool), worker.id).catch(() => undefined);
      await session.close();
      await boss.stop({ graceful: false }).catch(() => undefined);
      await pool.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A job whose last attempt was lost may have been why, so it has a runner to itself (Q16). */
function mayBeJoined(inside: ReadonlySet<RunningJob>, runners: RunnerPair): boolean {
  return [...inside].every((one) => one.job.attempt === 1 && runners.room(one.job.pack) > 0);
}

async function scanPacks(scanner: PackScanner, options: AgentOptions): Promise<readonly ServablePack[]> {
  const found = (await scanner.scan()).filter((pack) => options.pools.includes(pack.pool));
  return options.servesProbes ? [...found, probePack] : found;
}

async function prepareQueues(
  boss: Boss,
  pool: pg.Pool,
  served: { readonly packs: readonly ServablePack[]; readonly pools: readonly Pool[] },
): Promise<void> {
  for (const one of served.pools) await ensureClock(onPool(pool), one);
  for (const pack of served.packs) await ensureQueue(boss, queueNameOf(pack.pool, pack.id));
}

/** `work`, at most once at a time, its errors logged: for timers. */
function guarded(name: string, log: Log, work: () => Promise<unknown>): () => Promise<void> {
  let isBusy = false;
  return async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      await work();
    } catch (err) {
      log.warn({ err: err instanceof Error ? err.message : err }, `${name} failed; trying again`);
    } finally {
      isBusy = false;
    }
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
