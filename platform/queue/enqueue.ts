import type { Boss } from './boss.ts';

import { z } from 'zod';
import type { Pool } from '../../shared/contracts/generation.ts';
import { priorityOf, takeShare } from './fair-share.ts';
import { queueNameOf, wakeChannel } from './names.ts';
import { eventMessage, notify } from './notify.ts';
import { type SqlExecutor, utcNow } from './sql.ts';

/** What a job carries besides its place in line. Everything else is on the generation row. */
export const jobDataSchema = z.object({ generationId: z.string().min(1), task: z.string().min(1) });
export type JobData = z.infer<typeof jobDataSchema>;

export interface NewJob extends JobData {
  readonly organizationId: string;
  readonly canvasId: string | null;
  readonly pool: Pool;
  readonly pack: string;
  /** Expected work in network evaluations: what the team's share is charged. */
  readonly cost: number;
}

/**
 * Puts the job of a generation row in line, inside the caller's transaction (Q1): either both are committed or neither.
 * The row must exist and be queued. Returns the job's id.
 */
export async function enqueueJob(
  { boss, sql }: { readonly boss: Boss; readonly sql: SqlExecutor },
  job: NewJob,
): Promise<string> {
  const start = await takeShare(sql, job);
  const priority = priorityOf(start);
  const queue = queueNameOf(job.pool, job.pack);
  const data: JobData = { generationId: job.generationId, task: job.task };
  const jobId = await boss.send(queue, data, { priority, db: sql });
  if (jobId === null) throw new Error(`pg-boss took no job for queue ${queue}`);
  await sql.executeSql(
    `update generation
        set state = 'queued', "jobId" = $2, priority = $3, attempt = 0, crashes = 0, step = 0, error = null,
            "workerId" = null, "startedAt" = null, "finishedAt" = null, "createdAt" = coalesce("createdAt", ${utcNow})
      where id = $1`,
    [job.generationId, jobId, priority],
  );
  const { generationId, organizationId, canvasId } = job;
  await notify(sql, [
    { channel: wakeChannel, payload: queue },
    eventMessage({ kind: 'queued', generationId, organizationId, canvasId }),
  ]);
  return jobId;
}
