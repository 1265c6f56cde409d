import type { Boss } from './boss.ts';

import type pg from 'pg';
import { z } from 'zod';
import { poolSchema } from '../../shared/contracts/generation.ts';
import { queueNameOf } from './names.ts';
import { loseAttempt } from './settle-failure.ts';
import { onPool, select, utcNow } from './sql.ts';
import { isAlive } from './workers.ts';

const lostSchema = z.object({
  id: z.string(),
  jobId: z.string(),
  attempt: z.number().int(),
  pool: poolSchema,
  pack: z.string(),
});

/** After a restart of Postgres every lock is gone; the workers get this long to come back before they count as dead. */
const graceAfterRestart = '3 seconds';

/**
 * Finds running generations whose worker is dead (its session, and so its lock, is gone) or silent, and gives them back
 * to the line (Q5). Any process may call it at any time: the fence lets exactly one of several callers act. Returns how
 * many it gave back.
 */
export async function reapLostJobs(boss: Boss, pool: pg.Pool): Promise<number> {
  const lost = await select(onPool(pool), lostSchema, {
    text: `
      select g.id, g."jobId", g.attempt, g.pool, g.pack
        from generation g
        left join worker w on w.id = g."workerId"
       where g.state = 'running' and g."jobId" is not null
         and clock_timestamp() > pg_postmaster_start_time() + interval '${graceAfterRestart}'
         and (w.id is null or not ${isAlive('w')})
       limit 100`,
    values: [],
  });
  return giveBackAll({ boss, pool }, lost, { why: 'its worker is gone', isCrash: true });
}

/**
 * Gives back what rows say this worker runs and it knows nothing of (Q5): the answer to its own claim was lost. Claims of
 * the last five seconds are left alone, since their answer may still be on its way. Returns how many it gave back.
 */
export async function reapForgottenJobs(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  worker: { readonly id: string; readonly runningIds: readonly string[] },
): Promise<number> {
  const forgotten = await select(onPool(pool), lostSchema, {
    text: `
      select g.id, g."jobId", g.attempt, g.pool, g.pack
        from generation g
       where g.state = 'running' and g."workerId" = $1 and g."jobId" is not null and g.id <> all($2::text[])
         and g."startedAt" < ${utcNow} - interval '5 seconds'
       limit 100`,
    values: [worker.id, [...worker.runningIds]],
  });
  return giveBackAll({ boss, pool }, forgotten, { why: 'its worker forgot it', isCrash: false });
}

async function giveBackAll(
  dependencies: { readonly boss: Boss; readonly pool: pg.Pool },
  rows: readonly z.infer<typeof lostSchema>[],
  loss: { readonly why: string; readonly isCrash: boolean },
): Promise<number> {
  let count = 0;
  for (const row of rows) {
    const claim = { queue: queueNameOf(row.pool, row.pack), jobId: row.jobId, attempt: row.attempt };
    const settlement = await loseAttempt(dependencies, claim, { generationId: row.id, ...loss });
    if (settlement === 'settled') count += 1;
  }
  return count;
}
