import { z } from 'zod';
import type { WaitingQueue } from './choose-queue.ts';
import { startOf } from './fair-share.ts';
import { bossSchema } from './names.ts';
import { type SqlExecutor, select } from './sql.ts';

const headSchema = z.object({
  queue: z.string(),
  priority: z.number().int(),
  waitedSeconds: z.coerce.number(),
});

/**
 * The next job of each of `queues` that has one which is not paused. One index lookup a queue (pg-boss' job_i11), however many jobs wait.
 */
export async function listWaitingQueues(
  sql: SqlExecutor,
  queues: readonly { readonly queue: string; readonly pack: string }[],
): Promise<readonly WaitingQueue[]> {
  const heads = await select(sql, headSchema, {
    text: `
      select q.name as queue, head.priority,
             extract(epoch from clock_timestamp() - head.created_on) as "waitedSeconds"
        from unnest($1::text[]) as q(name)
        cross join lateral (
          select j.priority, j.created_on from ${bossSchema}.job j
           where j.name = q.name and j.state < 'active' and not j.blocked and j.start_after <= clock_timestamp()
           order by j.priority desc, j.created_on limit 1
        ) head`,
    values: [queues.map((queue) => queue.queue)],
  });
  return heads.map((head) => ({
    queue: head.queue,
    pack: queues.find((queue) => queue.queue === head.queue)?.pack ?? '',
    start: startOf(head.priority),
    waitedSeconds: head.waitedSeconds,
  }));
}
