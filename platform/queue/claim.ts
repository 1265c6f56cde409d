import type pg from 'pg';
import { z } from 'zod';
import { affectedBy, type Boss, bossAttempt, type Claim, fetchJob } from './boss.ts';
import { jobDataSchema } from './enqueue.ts';
import { advanceClockSql, startOf } from './fair-share.ts';
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

const ownedRowSchema = z.object({
  organizationId: z.string(),
  requestedById: z.string(),
  canvasId: z.string().nullable(),
  canvasVersionId: z.string().nullable(),
  pool: z.string(),
  pack: z.string(),
  request: z.unknown(),
  steps: z.number().int(),
});

export interface ClaimFrom {
  readonly queue: string;
  readonly workerId: string;
  /** The job would share a runner with others: take none whose earlier attempt was lost (Q16). */
  readonly joins?: boolean;
}

/** The next job must run alone. */
class StaysInLine extends Error {}

/**
 * Takes the next job of a queue and writes the owner on its generation row in one transaction (Q2), so no claimed job is
 * without an owner and no owner without a job. Returns null when the queue is empty, or its next job may not join.
 */
export async function claimJob(
  dependencies: { readonly boss: Boss; readonly pool: pg.Pool },
  from: ClaimFrom,
): Promise<ClaimedJob | null> {
  try {
    return await claimNext(dependencies, from);
  } catch (error) {
    if (error instanceof StaysInLine) return null;
    throw error;
  }
}

function claimNext(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  from: ClaimFrom,
): Promise<ClaimedJob | null> {
  return transact(pool, async (sql) => {
    for (;;) {
      const job = await fetchJob(sql, from.queue);
      if (job === undefined) return null;
      // The rollback gives it back as if nobody had looked; nobody behind it is taken before it either.
      if (from.joins === true && job.retryCount > 0) throw new StaysInLine();
      const data = jobDataSchema.parse(job.data);
      const claim: Claim = { queue: from.queue, jobId: job.id, attempt: job.retryCount + 1 };
      const row = await takeOwnership(sql, {
        claim,
        generationId: data.generationId,
        workerId: from.workerId,
        start: startOf(job.priority),
      });
      if (row === undefined) {
        // Its generation was cancelled or deleted without it; a job nobody waits for must not block the line.
        affectedBy(await boss.cancel(from.queue, bossAttempt(claim), { db: sql }));
        continue;
      }
      sql.announce([
        eventMessage({
          kind: 'progress',
          generationId: data.generationId,
          organizationId: row.organizationId,
          canvasId: row.canvasId,
          step: 0,
          steps: row.steps,
          remainingMs: null,
          preview: null,
        }),
      ]);
      return { ...claim, ...data, ...row };
    }
  });
}

async function takeOwnership(
  sql: SqlExecutor,
  owner: {
    readonly claim: Claim;
    readonly generationId: string;
    readonly workerId: string;
    readonly start: number;
  },
): Promise<z.infer<typeof ownedRowSchema> | undefined> {
  const { claim } = owner;
  const [row] = await select(sql, ownedRowSchema, {
    text: `
      with owned as (
        update generation
           set state = 'running', "workerId" = $4, attempt = $3, step = 0, "startedAt" = ${utcNow}, "finishedAt" = null
         where id = $1 and "jobId" = $2 and attempt < $3 and state in ('queued', 'running')
        returning "organizationId", "requestedById", "canvasId", "canvasVersionId", pool, pack, request, steps
      ),
      ${advanceClockSql({ from: 'owned', pool: 'owned.pool', start: '$5::float8' })}
      select * from owned`,
    values: [owner.generationId, claim.jobId, claim.attempt, owner.workerId, owner.start],
  });
  return row;
}
