import type pg from 'pg';
import { generationEventChannel, type GenerationEvent } from '../../shared/contracts/generation.ts';
import type { ClaimedJob } from './claim.ts';

export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly remainingMs: number | null;
  /** Base64 WebP of at most 64 × 64 pixels. */
  readonly preview: string | null;
}

/**
 * Writes the last step on the generation row and tells everybody, if the attempt is still ours. Returns false when it is
 * not: the worker should stop. The caller keeps to one call per 250 ms and job (Q9). Waits for no disk: after a crash the
 * attempt begins anew, whatever step it had reached.
 */
export async function reportProgress(pool: pg.Pool, job: ClaimedJob, progress: Progress): Promise<boolean> {
  const { generationId, organizationId, canvasId } = job;
  const event: GenerationEvent = { kind: 'progress', generationId, organizationId, canvasId, ...progress };
  const { rows } = await pool.query(
    `with ours as (
       update generation set step = $4, steps = $5
        where id = $1 and "jobId" = $2 and attempt = $3 and state = 'running'
       returning 1
     )
     select set_config('synchronous_commit', 'off', true), pg_notify($6, $7) from ours`,
    [
      generationId,
      job.jobId,
      job.attempt,
      progress.step,
      progress.steps,
      generationEventChannel,
      JSON.stringify(event),
    ],
  );
  return rows.length > 0;
}
