import { z } from 'zod';
import { cancelChannel, poolSchema } from '../../shared/contracts/generation.ts';
import type { Boss } from './boss.ts';
import { returnShare } from './fair-share.ts';
import { queueNameOf } from './names.ts';
import { eventMessage, notifyAtCommit } from './notify.ts';
import { type SqlExecutor, select, utcNow } from './sql.ts';

const jobSchema = z.object({ pool: poolSchema, pack: z.string(), jobId: z.string().nullable() });
const rowSchema = z.object({
  organizationId: z.string(),
  canvasId: z.string().nullable(),
  wasQueued: z.boolean(),
});

/**
 * Cancels a generation that has not ended (Q7), inside the caller's transaction. The row is cancelled at once, a running
 * worker hears it by NOTIFY (and by its heartbeat, should the message be lost), and whatever it still finishes is refused
 * by the fence. Returns false when the generation had already ended.
 */
export async function cancelJob(
  { boss, sql }: { readonly boss: Boss; readonly sql: SqlExecutor },
  job: { readonly generationId: string; readonly cost: number },
): Promise<boolean> {
  const { generationId } = job;
  const [found] = await select(sql, jobSchema, {
    text: `select pool, pack, "jobId" from generation where id = $1 and state in ('queued', 'running')`,
    values: [generationId],
  });
  if (found === undefined) return false;
  const { pool, pack, jobId } = found;
  if (jobId !== null) await boss.cancel(queueNameOf(pool, pack), jobId, { db: sql });
  const [row] = await select(sql, rowSchema, {
    text: `
      with before as (
        select id, state from generation
         where id = $1 and state in ('queued', 'running') and "jobId" is not distinct from $2
           for update
      )
      update generation g set state = 'cancelled', "finishedAt" = ${utcNow}
        from before where g.id = before.id
      returning g."organizationId", g."canvasId", before.state = 'queued' as "wasQueued"`,
    values: [generationId, jobId],
  });
  if (row === undefined) return false;
  const { organizationId, canvasId } = row;
  if (row.wasQueued) await returnShare(sql, { organizationId, pool, cost: job.cost });
  await notifyAtCommit(sql, [
    { channel: cancelChannel, payload: generationId },
    eventMessage({ kind: 'settled', generationId, organizationId, canvasId, state: 'cancelled' }),
  ]);
  return true;
}
