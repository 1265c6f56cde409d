import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Pool } from '../../shared/contracts/generation.ts';
import type { Boss } from './boss.ts';
import { takePlace } from './fair-share.ts';
import { queueNameOf, wakeChannel } from './names.ts';
import { eventMessage } from './notify.ts';
import type { Transaction } from './sql.ts';

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
  { boss, sql }: { readonly boss: Boss; readonly sql: Transaction },
  job: NewJob,
): Promise<string> {
  const jobId = randomUUID();
  const priority = await takePlace(sql, { ...job, jobId });
  const queue = queueNameOf(job.pool, job.pack);
  const data: JobData = { generationId: job.generationId, task: job.task };
  if ((await boss.send(queue, data, { id: jobId, priority, db: sql })) === null) {
    throw new Error(`pg-boss took no job for queue ${queue}`);
  }
  const { generationId, organizationId, canvasId } = job;
  sql.announce([
    { channel: wakeChannel, payload: queue },
    eventMessage({ kind: 'queued', generationId, organizationId, canvasId }),
  ]);
  return jobId;
}
