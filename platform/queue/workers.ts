import { z } from 'zod';
import type { Pool } from '../../shared/contracts/generation.ts';
import { workerLockClass } from './names.ts';
import { type SqlExecutor, select, utcNow } from './sql.ts';

/** A worker whose heartbeat is older is taken for frozen or cut off, even while its lock is held. */
export const heartbeatLimitSeconds = 10;

/** SQL condition: the advisory lock of worker row `worker` is held on this database by a living connection. */
export function holdsLock(worker: string): string {
  return `exists (
    select 1 from pg_locks held
     where held.locktype = 'advisory' and held.classid = ${workerLockClass} and held.objsubid = 2 and held.granted
       and held.objid = ${worker}."lockKey"::oid
       and held.database = (select oid from pg_database where datname = current_database()))`;
}

/** SQL condition: worker row `worker` takes work at this moment. */
export function isAlive(worker: string): string {
  return `(${worker}."stoppedAt" is null and ${holdsLock(worker)}
    and ${worker}."heartbeatAt" > ${utcNow} - interval '${heartbeatLimitSeconds} seconds')`;
}

export interface WorkerDescription {
  readonly hostname: string;
  readonly pools: readonly Pool[];
  readonly packs: readonly string[];
  readonly device: string;
}

export interface WorkerRow {
  readonly id: string;
  readonly lockKey: number;
}

const workerRowSchema = z.object({ id: z.string(), lockKey: z.number().int() });

/** Writes a new worker down. It counts as alive only once its session holds the lock of its `lockKey`. */
export async function registerWorker(sql: SqlExecutor, worker: WorkerDescription): Promise<WorkerRow> {
  const [row] = await select(sql, workerRowSchema, {
    text: `insert into worker (id, hostname, pools, packs, device, "startedAt", "heartbeatAt")
           values (gen_random_uuid()::text, $1, $2::text[], $3::text[], $4, ${utcNow}, ${utcNow})
           returning id, "lockKey"`,
    values: [worker.hostname, [...worker.pools], [...worker.packs], worker.device],
  });
  if (row === undefined) throw new Error('the worker row was not written');
  return row;
}

export async function beat(sql: SqlExecutor, workerId: string, packs: readonly string[]): Promise<void> {
  await sql.executeSql(`update worker set "heartbeatAt" = ${utcNow}, packs = $2::text[] where id = $1`, [
    workerId,
    [...packs],
  ]);
}

export async function markStopped(sql: SqlExecutor, workerId: string): Promise<void> {
  await sql.executeSql(`update worker set "stoppedAt" = ${utcNow} where id = $1`, [workerId]);
}

const servingSchema = z.object({ pool: z.string(), packs: z.array(z.string()), workers: z.number().int() });

/** The pools that living workers serve at this moment, with their packs and how many workers there are. */
export async function listServedPools(
  sql: SqlExecutor,
): Promise<
  readonly { readonly pool: string; readonly packs: readonly string[]; readonly workers: number }[]
> {
  return select(sql, servingSchema, {
    text: `
      select p.pool, coalesce(array_agg(distinct k.pack) filter (where k.pack is not null), '{}') as packs,
             count(distinct w.id)::int as workers
        from worker w
        cross join lateral unnest(w.pools) as p(pool)
        left join lateral unnest(w.packs) as k(pack) on true
       where ${isAlive('w')}
       group by p.pool`,
    values: [],
  });
}

/** Forgets workers that ended long ago and own nothing. */
export async function sweepWorkers(sql: SqlExecutor): Promise<void> {
  await sql.executeSql(
    `delete from worker w where w."heartbeatAt" < ${utcNow} - interval '7 days' and not ${holdsLock('w')}`,
    [],
  );
}
