import { z } from 'zod';
import { type SqlExecutor, select } from './sql.ts';

/** Row of team_share that holds a pool's own virtual clock: the start tag of the newest job that began. */
const poolClockId = '';
const largestInt = 2_147_483_647;

const placeSchema = z.object({ priority: z.number().int() });

/**
 * Start-time fair queueing (Goyal, Vin and Cheng, 1996, equations 1–3): a job's start tag is the later of its team's
 * finish tag and the pool's virtual clock; the team's finish tag then advances by the job's cost. Served in order of
 * start tags, teams share a pool evenly, a newcomer begins at the clock, and idle time is not saved up.
 *
 * Writes the place on the generation row, as the first attempt of job `jobId`, and returns the priority for pg-boss: it
 * serves high priorities first, so an early start tag is a high (less negative) one. `cost` is in network evaluations.
 * The lock on the team's row is held until the transaction ends.
 */
export async function takePlace(
  sql: SqlExecutor,
  job: {
    readonly generationId: string;
    readonly jobId: string;
    readonly organizationId: string;
    readonly pool: string;
    readonly cost: number;
  },
): Promise<number> {
  const [row] = await select(sql, placeSchema, {
    text: `
      with clock as (
        select coalesce((select "virtualTime" from team_share where "organizationId" = $4 and pool = $2), 0) as now
      ),
      charged as (
        insert into team_share as share ("organizationId", pool, "virtualTime")
        select $1, $2, clock.now + $3::float8 from clock
        on conflict ("organizationId", pool) do update
          set "virtualTime" = greatest(share."virtualTime", excluded."virtualTime" - $3::float8) + $3::float8
        returning "virtualTime" - $3::float8 as start
      )
      update generation
         set state = 'queued', "jobId" = $6, priority = -least(floor(charged.start + 0.5), ${largestInt})::int,
             "pausedAt" = null, attempt = 0, crashes = 0, step = 0, error = null, "workerId" = null, "startedAt" = null,
             "finishedAt" = null
        from charged
       where id = $5
      returning priority`,
    values: [job.organizationId, job.pool, job.cost, poolClockId, job.generationId, job.jobId],
  });
  if (row === undefined) throw new Error(`there is no generation ${job.generationId} to put in line`);
  return row.priority;
}

/** Gives the cost of a job that never ran back to its team. */
export async function returnShare(
  sql: SqlExecutor,
  share: { readonly organizationId: string; readonly pool: string; readonly cost: number },
): Promise<void> {
  await sql.executeSql(
    `update team_share set "virtualTime" = greatest("virtualTime" - $3::float8, 0)
      where "organizationId" = $1 and pool = $2`,
    [share.organizationId, share.pool, share.cost],
  );
}

/**
 * SQL of common table expressions that move the clock of pool `pool` to the start tag `start` of a job that begins; both
 * are SQL expressions over `from`. Skipped when another claim moves the clock at this moment: that one's tag is as good,
 * and claims never wait for each other.
 */
export function advanceClockSql(job: {
  readonly from: string;
  readonly pool: string;
  readonly start: string;
}): string {
  return `
      clock_held as (
        select clock.pool, ${job.start} as start from team_share clock, ${job.from}
         where clock."organizationId" = '${poolClockId}' and clock.pool = ${job.pool}
           and clock."virtualTime" < ${job.start}
           for update of clock skip locked
      ),
      clock_moved as (
        update team_share clock set "virtualTime" = clock_held.start from clock_held
         where clock."organizationId" = '${poolClockId}' and clock.pool = clock_held.pool
      )`;
}

/** Makes the clock row, once, so that claims only ever update it. */
export async function ensureClock(sql: SqlExecutor, pool: string): Promise<void> {
  await sql.executeSql(
    `insert into team_share ("organizationId", pool, "virtualTime") values ($1, $2, 0) on conflict do nothing`,
    [poolClockId, pool],
  );
}

/** The start tag that a newcomer of the pool would get now. */
export async function currentClock(sql: SqlExecutor, pool: string): Promise<number> {
  const [clock] = await select(sql, z.object({ now: z.coerce.number() }), {
    text: `select "virtualTime" as now from team_share where "organizationId" = $1 and pool = $2`,
    values: [poolClockId, pool],
  });
  return clock?.now ?? 0;
}

/** pg-boss serves high priorities first, so an early start tag is a high (less negative) one. */
export function priorityOf(start: number): number {
  return -Math.min(Math.floor(start + 0.5), largestInt);
}

/** The start tag behind a priority. */
export function startOf(priority: number): number {
  return -priority;
}
