import { z } from 'zod';
import { type SqlExecutor, select, utcNow } from './sql.ts';
import { listServedPools } from './workers.ts';

/** Where a generation that has not ended stands. */
export type Place =
  | {
      readonly state: 'queued';
      readonly generationId: string;
      /** 1 = next. Counts everybody's jobs in the pool. */
      readonly position: number;
      /** Milliseconds until it should begin; null when nothing like it has run yet or no worker serves its pool. */
      readonly startsInMs: number | null;
      readonly isServed: boolean;
    }
  | {
      /** A person holds it back. */
      readonly state: 'paused';
      readonly generationId: string;
    }
  | {
      readonly state: 'running';
      readonly generationId: string;
      readonly elapsedMs: number;
      readonly remainingMs: number | null;
    };

const placeSchema = z.object({
  id: z.string(),
  state: z.enum(['queued', 'paused', 'running']),
  pool: z.string(),
  pack: z.string(),
  aheadQueued: z.coerce.number(),
  aheadMs: z.coerce.number(),
  runningMs: z.coerce.number(),
  elapsedMs: z.coerce.number().nullable(),
  estimateMs: z.number().nullable(),
});

/**
 * The places of all unfinished generations of a team, next first. A wait is the expected time of everything ahead in the
 * pool divided among its living workers.
 */
export async function listPlaces(sql: SqlExecutor, organizationId: string): Promise<readonly Place[]> {
  const served = await listServedPools(sql);
  const rows = await select(sql, placeSchema, {
    text: `
      with mine as (
        select *, case when state = 'queued' and "pausedAt" is not null then 'paused' else state::text end as stands
          from generation where "organizationId" = $1 and state in ('queued', 'running')
      ),
      busy as (
        select pool, sum(greatest(coalesce("estimateMs", 0)
                 - extract(epoch from ${utcNow} - "startedAt") * 1000, 0)) as ms
          from generation where state = 'running' group by pool
      )
      select m.id, m.stands as state, m.pool, m.pack, ahead.jobs as "aheadQueued", ahead.ms as "aheadMs",
             coalesce(busy.ms, 0) as "runningMs", m."estimateMs",
             extract(epoch from ${utcNow} - m."startedAt") * 1000 as "elapsedMs"
        from mine m
        left join busy on busy.pool = m.pool
        cross join lateral (
          select count(*) as jobs, coalesce(sum(g."estimateMs"), 0) as ms from generation g
           where m.stands = 'queued' and g.state = 'queued' and g."pausedAt" is null and g.pool = m.pool
             and (g.priority > m.priority or (g.priority = m.priority and (g."createdAt", g.id) < (m."createdAt", m.id)))
        ) ahead
       order by array_position(array['running', 'queued', 'paused'], m.stands), ahead.jobs, m."createdAt"
       limit 500`,
    values: [organizationId],
  });
  return rows.map((row) => {
    if (row.state === 'running') {
      const elapsedMs = Math.max(row.elapsedMs ?? 0, 0);
      const remainingMs = row.estimateMs === null ? null : Math.max(row.estimateMs - elapsedMs, 0);
      return { state: 'running', generationId: row.id, elapsedMs, remainingMs };
    }
    if (row.state === 'paused') return { state: 'paused', generationId: row.id };
    const pool = served.find((one) => one.pool === row.pool && one.packs.includes(row.pack));
    const startsInMs =
      pool === undefined || row.estimateMs === null ? null : (row.aheadMs + row.runningMs) / pool.workers;
    const position = row.aheadQueued + 1;
    return { state: 'queued', generationId: row.id, position, startsInMs, isServed: pool !== undefined };
  });
}

const rateSchema = z.object({ ms: z.coerce.number().nullable() });

/** How much there is to do: network evaluations, or pixels to enlarge, which another network does at a rate of its own. */
export type Work =
  | { readonly kind: 'evaluations'; readonly evaluations: number }
  | { readonly kind: 'enlargement'; readonly pixels: number };

/** Expected milliseconds for a job with a pack: the median rate of its last 20 successes of the kind. Null when there was none. */
export async function estimateDuration(
  sql: SqlExecutor,
  job: { readonly pack: string; readonly work: Work },
): Promise<number | null> {
  const { pack, work } = job;
  const [row] = await select(sql, rateSchema, {
    text: `
      select percentile_cont(0.5) within group (order by recent.rate) as ms from (
        select "durationMs"::float8 / greatest(case when $2
                 then (request->>'width')::float8 * (request->>'height')::float8 / (request->>'scale')::float8 ^ 2
                 else coalesce((request->>'count')::float8, 1) * coalesce((request->>'steps')::float8, 1)
                   * case when request->>'solver' = 'flow-heun' then 2 else 1 end end, 1) as rate
          from generation
         where pack = $1 and state = 'succeeded' and "durationMs" is not null
           and (coalesce(request->>'mode', '') = 'upscale') = $2
         order by "createdAt" desc limit 20
      ) recent`,
    values: [pack, work.kind === 'enlargement'],
  });
  const rate = row?.ms ?? null;
  const amount = work.kind === 'enlargement' ? work.pixels : work.evaluations;
  return rate === null ? null : Math.round(rate * amount);
}
