import type pg from 'pg';
import { z } from 'zod';
import { affectedBy, type Boss, bossAttempt, type Claim, fetchJobSql } from './boss.ts';
import { jobDataSchema } from './enqueue.ts';
import { advanceClockSql } from './fair-share.ts';
import { eventMessage } from './notify.ts';
import { type SqlExecutor, select, transact, utcNow } from './sql.ts';

/** A job that is ours until it is settled or lost. */
export interface ClaimedJob extends Claim {
  readonly generationId: string;
  readonly task: string;
  readonly organizationId: string;
  readonly requestedById: string;
  readonly canvasId: string | null;
  readonly canvasVersionId: string | null;
  readonly pool: string;
  readonly pack: string;
  readonly request: unknown;
  readonly steps: number;
}

const takenSchema = z.object({
  jobId: z.string(),
  retryCount: z.number().int(),
  data: jobDataSchema,
  /** Null when the generation was cancelled or deleted without its job. */
  owned: z
    .object({
      organizationId: z.string(),
      requestedById: z.string(),
      canvasId: z.string().nullable(),
      canvasVersionId: z.string().nullable(),
      pool: z.string(),
      pack: z.string(),
      request: z.unknown(),
      steps: z.number().int(),
    })
    .nullable(),
});

export interface ClaimFrom {
  readonly queue: string;
  readonly workerId: string;
  /** The job would share a runner with others: take none whose earlier attempt was lost (Q16). */
  readonly joins?: boolean;
}

/**
 * Takes the next job of a queue and writes the owner on its generation row in one transaction (Q2), so no claimed job is
 * without an owner and no owner without a job. Returns null when the queue is empty, or its next job may not join.
 */
export async function claimJob(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  from: ClaimFrom,
): Promise<ClaimedJob | null> {
  return transact(pool, async (sql) => {
    for (;;) {
      const taken = await takeNext(sql, from);
      if (taken === undefined) return null;
      const { data, owned } = taken;
      const claim: Claim = { queue: from.queue, jobId: taken.jobId, attempt: taken.retryCount + 1 };
      if (owned === null) {
        // A job nobody waits for must not block the line.
        affectedBy(await boss.cancel(from.queue, bossAttempt(claim), { db: sql }));
        continue;
      }
      sql.announce([
        eventMessage({
          kind: 'progress',
          generationId: data.generationId,
          organizationId: owned.organizationId,
          canvasId: owned.canvasId,
          step: 0,
          steps: owned.steps,
          remainingMs: null,
          preview: null,
        }),
      ]);
      return { ...claim, ...data, ...owned };
    }
  });
}

/** The job, its generation and the pool's clock in one statement. A job that may not join is left as if nobody looked. */
async function takeNext(sql: SqlExecutor, from: ClaimFrom): Promise<z.infer<typeof takenSchema> | undefined> {
  const [taken] = await select(sql, takenSchema, {
    text: `
      with ${fetchJobSql({ queue: '$1', isTaken: 'next.started_on is null or not $3::boolean' })},
      owned as (
        update generation
           set state = 'running', "workerId" = $2, attempt = taken.retry_count + 1, step = 0,
               "startedAt" = ${utcNow}, "finishedAt" = null
          from taken
         where generation.id = taken.data->>'generationId' and "jobId" = taken.id::text
           and attempt <= taken.retry_count and generation.state in ('queued', 'running')
        returning "organizationId", "requestedById", "canvasId", "canvasVersionId", pool, pack, request, steps,
                  -taken.priority::float8 as start
      ),
      ${advanceClockSql({ from: 'owned', pool: 'owned.pool', start: 'owned.start' })}
      select taken.id as "jobId", taken.retry_count as "retryCount", taken.data,
             (select to_jsonb(owned) from owned) as owned
        from taken`,
    values: [from.queue, from.workerId, from.joins === true],
  });
  return taken;
}
