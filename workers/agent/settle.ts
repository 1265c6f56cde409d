import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { AppError } from '../../platform/errors.ts';
import type { Boss } from '../../platform/queue/boss.ts';
import type { ClaimedJob } from '../../platform/queue/claim.ts';
import { loseAttempt, settleFailure } from '../../platform/queue/settle-failure.ts';
import { settleSuccess, type Settlement, type StoredAsset } from '../../platform/queue/settle-success.ts';
import { type AssetStore, hashBytes } from '../../platform/storage/port.ts';
import type { Log } from '../../platform/log.ts';
import type { MadeFile, TaskResult } from '../tasks/task.ts';

export interface SettleDependencies {
  readonly boss: Boss;
  readonly pool: pg.Pool;
  readonly storage: AssetStore;
  readonly log: Log;
  /** Aborted when the worker must end now; what is not settled by then is found by the reaper. */
  readonly signal: AbortSignal;
}

/** Stores the files, then commits the result. The store comes first: a row never points at a file that is not there. */
export async function settleResult(
  job: ClaimedJob,
  result: TaskResult,
  dependencies: SettleDependencies,
): Promise<Settlement> {
  const { storage } = dependencies;
  const assets = new Map<string, StoredAsset>();
  const keep = async (file: MadeFile): Promise<string> => {
    const hash = hashBytes(file.bytes);
    await persist(dependencies, () => storage.put(hash, file.bytes));
    const { kind, mediaType, width, height } = file;
    assets.set(hash, { hash, kind, mediaType, width, height, bytes: file.bytes.length });
    return hash;
  };
  const outputs = [];
  for (const { index, seed, recipe, file } of result.outputs) {
    const assetHash = await keep(file);
    const size = { width: file.width ?? 0, height: file.height ?? 0 };
    outputs.push({ id: randomUUID(), index, seed, recipe, assetHash, ...size });
  }
  const inputs = [];
  for (const { role, file } of result.inputs) inputs.push({ role, assetHash: await keep(file) });
  const success = {
    generationId: job.generationId,
    outputs,
    inputs,
    assets: [...assets.values()],
    durationMs: result.durationMs,
  };
  return persist(dependencies, () => settleSuccess(dependencies, job, success));
}

export function settleError(
  job: ClaimedJob,
  reason: { readonly code: string; readonly message: string; readonly fix: string },
  dependencies: SettleDependencies,
): Promise<Settlement> {
  const { generationId } = job;
  return persist(dependencies, () => settleFailure(dependencies, job, { generationId, reason }));
}

export function giveBack(
  job: ClaimedJob,
  loss: { readonly why: string; readonly isCrash: boolean },
  dependencies: SettleDependencies,
): Promise<Settlement> {
  const { generationId } = job;
  return persist(dependencies, () => loseAttempt(dependencies, job, { generationId, ...loss }));
}

const longestWaitMs = 2_000;
/** About two minutes: longer than a restart of Postgres, shorter than the patience of who waits for a picture. */
const mostTries = 60;

/** Repeats a step until it works (Q13): Postgres or the store may be away for a while, and the fence makes repeats safe. */
async function persist<T>(dependencies: SettleDependencies, step: () => Promise<T>): Promise<T> {
  const { signal, log } = dependencies;
  for (let tries = 1, wait = 100; ; tries += 1, wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await step();
    } catch (err) {
      const isFinal = err instanceof AppError && err.code !== 'internal' && err.code !== 'unavailable';
      if (isFinal || signal.aborted || tries >= mostTries) throw err;
      log.warn({ err }, 'could not settle a job; trying again');
      await sleep(wait, undefined, { signal });
    }
  }
}
