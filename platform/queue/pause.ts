import { z } from 'zod';
import { poolSchema } from '../../shared/contracts/generation.ts';
import type { Boss } from './boss.ts';
import { currentClock, priorityOf } from './fair-share.ts';
import { queueNameOf, wakeChannel } from './names.ts';
import { eventMessage } from './notify.ts';
import { type SqlExecutor, select, type Transaction, utcNow } from './sql.ts';

const waitingSchema = z.object({
  organizationId: z.string(),
  canvasId: z.string().nullable(),
  pool: poolSchema,
  pack: z.string(),
  jobId: z.string(),
  priority: z.number().int(),
  isPaused: z.boolean(),
});

/** So late that nobody takes the job before it is resumed. */
const never = new Date('9999-01-01T00:00:00Z');

/**
 * Holds a waiting generation back (Q17), inside the caller's transaction: no worker takes it until it is resumed. Returns
 * false when it is paused already or has begun or ended.
 */
export async function pauseJob(
  { boss, sql }: { readonly boss: Boss; readonly sql: Transaction },
  generationId: string,
): Promise<boolean> {
  const row = await findWaiting(sql, generationId);
  if (row === undefined || row.isPaused) return false;
  const queue = queueNameOf(row.pool, row.pack);
  const held = await boss.update({ name: queue, options: { id: row.jobId, startAfter: never, db: sql } });
  if (held.updated !== 1) return false;
  return mark(sql, { generationId, row, pausedAt: utcNow, priority: row.priority });
}

/**
 * Puts a paused generation back in line (Q17): at its old place, or where a newcomer would start now if the line has moved
 * past it, so that nobody gains by having waited aside. Returns false when it is not paused.
 */
export async function resumeJob(
  { boss, sql }: { readonly boss: Boss; readonly sql: Transaction },
  generationId: string,
): Promise<boolean> {
  const row = await findWaiting(sql, generationId);
  if (row === undefined || !row.isPaused) return false;
  const queue = queueNameOf(row.pool, row.pack);
  const priority = Math.min(row.priority, priorityOf(await currentClock(sql, row.pool)));
  const options = { id: row.jobId, startAfter: new Date(0), priority, db: sql };
  if ((await boss.update({ name: queue, options })).updated !== 1) return false;
  if (!(await mark(sql, { generationId, row, pausedAt: 'null', priority }))) return false;
  sql.announce([{ channel: wakeChannel, payload: queue }]);
  return true;
}

async function findWaiting(
  sql: SqlExecutor,
  generationId: string,
): Promise<z.infer<typeof waitingSchema> | undefined> {
  const [row] = await select(sql, waitingSchema, {
    text: `
      select "organizationId", "canvasId", pool, pack, "jobId", priority, "pausedAt" is not null as "isPaused"
        from generation where id = $1 and state = 'queued' and "jobId" is not null`,
    values: [generationId],
  });
  return row;
}

async function mark(
  sql: Transaction,
  change: {
    readonly generationId: string;
    readonly row: z.infer<typeof waitingSchema>;
    /** SQL. */
    readonly pausedAt: string;
    readonly priority: number;
  },
): Promise<boolean> {
  const { generationId, row } = change;
  const marked = await select(sql, z.object({ id: z.string() }), {
    text: `update generation set "pausedAt" = ${change.pausedAt}, priority = $3
            where id = $1 and "jobId" = $2 and state = 'queued' returning id`,
    values: [generationId, row.jobId, change.priority],
  });
  // The job's row is ours and waits, so its generation does as well; anything else must not be committed.
  if (marked.length !== 1) throw new Error(`generation ${generationId} and its job disagree`);
  const { organizationId, canvasId } = row;
  sql.announce([eventMessage({ kind: 'queued', generationId, organizationId, canvasId })]);
  return true;
}
