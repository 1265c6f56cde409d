import { z } from 'zod';
import { type SqlExecutor, select } from './sql.ts';

/** Row of team_share that holds a pool's own virtual clock: the start tag of the newest job that began. */
const poolClockId = '';
const largestInt = 2_147_483_647;

const startSchema = z.object({ start: z.coerce.number() });

/**
 * Start-time fair queueing (Goyal, Vin and Cheng, 1996, equations 1–3): a job's start tag is the later of its team's
 * finish tag and the pool's virtual clock; the team's finish tag then advances by the job's cost. Served in order of
 * start tags, teams share a pool evenly, a newcomer begins at the clock, and idle time is not saved up.
 *
 * `cost` is in network evaluations. Returns the start tag; the lock on the team's row is held until the transaction ends.
 */
export async function takeShare(
  sql: SqlExecutor,
  share: { readonly organizationId: string; readonly pool: string; readonly cost: number },
): Promise<number> {
  const [row] = await select(sql, startSchema, {
    text: `
      with clock as (
        select coalesce((select "virtualTime" from team_share where "organizationId" = $4 and pool = $2), 0) as now
      )
      insert into team_share as share ("organizationId", pool, "virtualTime")
      select $1, $2, clock.now + $3::float8 from clock
      on conflict ("organizationId", pool) do update
        set "virtualTime" = greatest(share."virtualTime", excluded."virtualTime" - $3::float8) + $3::float8
      returning "virtualTime" - $3::float8 as start`,
    values: [share.organizationId, share.pool, share.cost, poolClockId],
  });
  return row?.start ?? 0;
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
 * Moves a pool's clock to the start tag of a job that begins. Skipped when another claim moves it at this moment: that
 * one's tag is as good, and claims never wait for each other.
 */
export async function advanceClock(sql: SqlExecutor, pool: string, start: number): Promise<void> {
  await sql.executeSql(
    `with held as (
       select 1 from team_share where "organizationId" = $1 and pool = $2 and "virtualTime" < $3::float8
       for update skip locked
     )
     update team_share set "virtualTime" = $3::float8
      where "organizationId" = $1 and pool = $2 and exists (select 1 from held)`,
    [poolClockId, pool, start],
  );
}

/** Makes the clock row, once, so that claims only ever update it. */
export async function ensureClock(sql: SqlExecutor, pool: string): Promise<void> {
  await sql.executeSql(
    `insert into team_share ("organizationId", pool, "virtualTime") values ($1, $2, 0) on conflict do nothing`,
    [poolClockId, pool],
  );
}

/** pg-boss serves high priorities first, so an early start tag is a high (less negative) priority. */
export function priorityOf(start: number): number {
  return -Math.min(Math.round(start), largestInt);
}

export function startOf(priority: number): number {
  return -priority;
}
