import type pg from 'pg';
import { AppError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { Boss } from '../../platform/queue/boss.ts';
import type { ClaimedJob } from '../../platform/queue/claim.ts';
import { reportProgress } from '../../platform/queue/progress.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import { TaskError, type TaskProgress } from '../tasks/task.ts';
import type { Run, RunOutcome, RunnerProcess } from './runner-process.ts';
import type { RunnerPair } from './runner-pair.ts';
import { prepareInput } from './prepare.ts';
import { giveBack, settleError, settleResult } from './settle.ts';

export interface SlotDependencies {
  readonly boss: Boss;
  readonly pool: pg.Pool;
  readonly storage: AssetStore;
  readonly runners: RunnerPair;
  readonly packFolders: readonly string[];
  readonly workerName: string;
  readonly log: Log;
  /** Aborted when the worker must end now. */
  readonly signal: AbortSignal;
  /** Milliseconds without a step after which a run counts as hung. */
  readonly stepLimitMs: number;
  /** Resident memory after which a runner is replaced, in bytes. */
  readonly memoryLimit: number;
}

/** A job that runs here. */
export interface RunningJob {
  readonly job: ClaimedJob;
  /**
   * Stops it. `cancelled` and `lost`: somebody else has settled the row already. `stopping`: the job goes back to the line
   * without counting as a crash.
   */
  stop(why: 'cancelled' | 'lost' | 'stopping'): void;
  /** Resolves when the runner has it, unless it ends before that. */
  readonly began: Promise<void>;
  /** Resolves when the runner is done with it; settling may still go on. */
  readonly ran: Promise<void>;
  /** Resolves when everything about it is done. Never rejects. */
  readonly settled: Promise<void>;
}

/** How long a runner may take to stop at its next step before it is killed. */
const politeMs = 400;
const progressEveryMs = 250;

/** Runs one claimed job to its end: prepare, run, watch, settle. */
export function startJob(job: ClaimedJob, dependencies: SlotDependencies): RunningJob {
  let stopped: 'cancelled' | 'lost' | 'stopping' | undefined;
  let work: { readonly runner: RunnerProcess; readonly run: Run } | undefined;
  let markRan: () => void = () => undefined;
  const ran = new Promise<void>((resolve) => {
    markRan = resolve;
  });

  let markBegan: () => void = () => undefined;
  const began = new Promise<void>((resolve) => {
    markBegan = resolve;
  });
  let markStopped: () => void = () => undefined;
  const stopCalled = new Promise<undefined>((resolve) => {
    markStopped = () => resolve(undefined);
  });

  function stop(why: 'cancelled' | 'lost' | 'stopping'): void {
    if (stopped !== undefined) return;
    stopped = why;
    markStopped();
    work?.run.cancel();
    // Only a runner that nobody else uses is killed for it; the watch over the others' steps ends a deaf one all the same.
    const patience = setInterval(() => {
      if (work !== undefined && work.runner.load <= 1) void work.runner.kill();
    }, politeMs);
    ran.then(() => clearInterval(patience)).catch(() => undefined);
  }

  async function run(): Promise<RunOutcome> {
    const input = await prepareInput(job, dependencies);
    const runner = await Promise.race([dependencies.runners.take(), stopCalled]);
    if (stopped !== undefined || runner === undefined) return { kind: 'cancelled' };
    const watch = watchSteps(runner, dependencies.stepLimitMs);
    const relay = relayProgress(job, dependencies, () => stop('lost'));
    const run = runner.run(job.task, input, (progress) => {
      watch.sawStep();
      relay.hear(progress);
    });
    work = { runner, run };
    markBegan();
    try {
      return await run.ended;
    } finally {
      watch.end();
      relay.end();
      work = undefined;
    }
  }

  async function live(): Promise<void> {
    const outcome = await run().catch((error: unknown) => outcomeOf(error));
    markRan();
    await settle(outcome);
  }

  async function settle(outcome: RunOutcome): Promise<void> {
    const { log, runners, memoryLimit } = dependencies;
    const ids = { generationId: job.generationId, attempt: job.attempt };
    if (stopped === 'stopping' && outcome.kind !== 'done') {
      await giveBack(job, { why: 'the worker stopped', isCrash: false }, dependencies);
      return;
    }
    if (stopped === 'cancelled' || stopped === 'lost') return;
    switch (outcome.kind) {
      case 'done': {
        if (outcome.rss > memoryLimit) runners.retire();
        const settlement = await settleResult(job, outcome.result, dependencies);
        if (settlement === 'refused') log.info(ids, 'a result was refused: the attempt was no longer ours');
        return;
      }
      case 'failed':
        log.warn({ ...ids, code: outcome.code, detail: outcome.detail }, outcome.message);
        await settleError(job, outcome, dependencies);
        return;
      case 'crashed':
        log.error({ ...ids, how: outcome.how }, 'a runner ended while it worked');
        await giveBack(job, { why: `the runner ended: ${outcome.how}`, isCrash: true }, dependencies);
        return;
      case 'cancelled':
        await giveBack(job, { why: 'the runner stopped', isCrash: false }, dependencies);
    }
  }

  async function recover(error: unknown): Promise<void> {
    const { log, signal } = dependencies;
    if (signal.aborted) return;
    log.error({ err: error, generationId: job.generationId }, 'a job could not be settled');
    const reason = outcomeOf(error);
    // The disk is full, say: the person should read that, not wait for a picture that never comes.
    if (reason.kind === 'failed') await settleError(job, reason, dependencies);
  }

  const settled = live()
    .catch(recover)
    .catch((err: unknown) => dependencies.log.error({ err }, 'giving up on a job; the reaper will find it'));
  return { job, stop, began, ran, settled };
}

/** What an error before or after the run means for the job. */
function outcomeOf(error: unknown): RunOutcome {
  if (error instanceof TaskError) {
    return { kind: 'failed', code: error.code, message: error.message, fix: error.fix, detail: '' };
  }
  if (error instanceof AppError) {
    const fix = error.fix ?? 'Try again.';
    return { kind: 'failed', code: error.code, message: error.message, fix, detail: '' };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'failed',
    code: 'internal',
    message: 'Something went wrong while this was made.',
    fix: 'Retry. If it happens again, read the log of the worker.',
    detail,
  };
}

/** Kills a runner that takes no step for too long: a hung device still answers nobody. */
function watchSteps(runner: RunnerProcess, limitMs: number) {
  let timer = setTimeout(() => void runner.kill(), limitMs);
  return {
    sawStep(): void {
      clearTimeout(timer);
      timer = setTimeout(() => void runner.kill(), limitMs);
    },
    end: () => clearTimeout(timer),
  };
}

/** Passes progress on at most every 250 ms, always the newest, a preview as soon as there is a newer one. */
function relayProgress(job: ClaimedJob, { pool, log }: SlotDependencies, onLost: () => void) {
  let newest: TaskProgress | undefined;
  let preview: string | null = null;
  let isSending = false;
  let lastAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  async function send(progress: TaskProgress): Promise<void> {
    isSending = true;
    lastAt = performance.now();
    try {
      if (!(await reportProgress(pool, job, progress))) onLost();
    } catch (err) {
      // The next step tells as much; a lost connection is the session's to mend.
      log.debug({ err }, 'progress was not passed on');
    } finally {
      isSending = false;
      plan();
    }
  }

  function plan(): void {
    if (isOver || isSending || newest === undefined || timer !== undefined) return;
    const wait = Math.max(0, lastAt + progressEveryMs - performance.now());
    timer = setTimeout(() => {
      timer = undefined;
      if (newest === undefined || isOver) return;
      const progress = { ...newest, preview };
      newest = undefined;
      preview = null;
      void send(progress);
    }, wait);
  }

  return {
    hear(progress: TaskProgress): void {
      newest = progress;
      preview = progress.preview ?? preview;
      plan();
    },
    end(): void {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
