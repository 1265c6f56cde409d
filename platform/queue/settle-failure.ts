import type pg from 'pg';
import { z } from 'zod';
import { affectedBy, type Boss, bossAttempt, type Claim, exhaustRetries, lockJob } from './boss.ts';
import { crashBudget, wakeChannel } from './names.ts';
import { eventMessage } from './notify.ts';
import type { Settlement } from './settle-success.ts';
import { select, type Transaction, transact, utcNow } from './sql.ts';

/** What a person reads on a failed generation. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const ownerSchema = z.object({ organizationId: z.string(), canvasId: z.string().nullable() });
const crashSchema = ownerSchema.extend({ crashes: z.number().int() });

class Refused extends Error {}

async function fenced(pool: pg.Pool, work: (sql: Transaction) => Promise<void>): Promise<Settlement> {
  try {
    await transact(pool, work);
    return 'settled';
  } catch (error) {
    if (error instanceof Refused) return 'refused';
    throw error;
  }
}

/**
 * Ends an attempt with an error that another try would meet again (Q4). For pg-boss the job is done: it was handled, and
 * the generation row says how.
 */
export async function settleFailure(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  claim: Claim,
  failure: { readonly generationId: string; readonly reason: FailureReason },
): Promise<Settlement> {
  const { generationId, reason } = failure;
  return fenced(pool, async (sql) => {
    const [done, [row]] = await Promise.all([
      boss.complete(claim.queue, bossAttempt(claim), { failed: reason.code }, { db: sql }),
      select(sql, ownerSchema, {
        text: `
          update generation set state = 'failed', error = $4::jsonb, "finishedAt" = ${utcNow}
           where id = $1 and "jobId" = $2 and attempt = $3 and state = 'running'
          returning "organizationId", "canvasId"`,
        values: [generationId, claim.jobId, claim.attempt, JSON.stringify(reason)],
      }),
    ]);
    if (affectedBy(done) !== 1 || row === undefined) throw new Refused();
    sql.announce([eventMessage({ kind: 'settled', generationId, ...row, state: 'failed' })]);
  });
}

const poisonReason: FailureReason = {
  code: 'internal',
  message: `The worker stopped ${crashBudget} times while making this picture, so it was set aside.`,
  fix: 'Nothing else was lost. Try a smaller size or fewer pictures, or retry; if it happens again, check the worker with npx gesso doctor.',
};

/**
 * Gives a lost attempt's job back to the line, at its old place (Q5). A crash is counted on the generation row; the third
 * one makes the job poison: failed for everyone to see, a copy among the dead letters, retried only by a person (Q6).
 */
export async function loseAttempt(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  claim: Claim,
  loss: { readonly generationId: string; readonly why: string; readonly isCrash: boolean },
): Promise<Settlement> {
  const { generationId } = loss;
  return fenced(pool, async (sql) => {
    await lockJob(sql, claim);
    const [row] = await select(sql, crashSchema, {
      text: `
        update generation
           set crashes = crashes + $4, "workerId" = null, step = 0,
               state = (case when crashes + $4 >= $5 then 'failed' else 'queued' end)::"GenerationState",
               error = case when crashes + $4 >= $5 then $6::jsonb else null end,
               "finishedAt" = case when crashes + $4 >= $5 then ${utcNow} else null end
         where id = $1 and "jobId" = $2 and attempt = $3 and state = 'running'
        returning crashes, "organizationId", "canvasId"`,
      values: [
        generationId,
        claim.jobId,
        claim.attempt,
        loss.isCrash ? 1 : 0,
        crashBudget,
        JSON.stringify(poisonReason),
      ],
    });
    if (row === undefined) throw new Refused();
    const { crashes, organizationId, canvasId } = row;
    const isPoison = crashes >= crashBudget;
    if (isPoison) await exhaustRetries(sql, claim);
    const lost = affectedBy(await boss.fail(claim.queue, bossAttempt(claim), { why: loss.why }, { db: sql }));
    if (lost !== 1) throw new Refused();
    const event = isPoison
      ? eventMessage({ kind: 'settled', generationId, organizationId, canvasId, state: 'failed' })
      : eventMessage({ kind: 'queued', generationId, organizationId, canvasId });
    sql.announce(isPoison ? [event] : [event, { channel: wakeChannel, payload: claim.queue }]);
  });
}
