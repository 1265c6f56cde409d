import { moveToFront } from '../../platform/queue/move-to-front.ts';
import { pauseJob, resumeJob } from '../../platform/queue/pause.ts';
import { transact } from '../../platform/queue/sql.ts';
import { type Playground, sleep } from '../queue/playground.ts';

/** Pauses and resumes a request, or moves it to the front, if it still waits. What is left paused is resumed at the end. */
export async function meddle({ pool, boss }: Playground, id: string, how: 'pause' | 'move'): Promise<void> {
  try {
    if (how === 'move') await transact(pool, (sql) => moveToFront(sql, id));
    else if (await transact(pool, (sql) => pauseJob({ boss, sql }, id))) {
      await sleep(50);
      await transact(pool, (sql) => resumeJob({ boss, sql }, id));
    }
  } catch {
    // The database is away; the rows say afterwards what came of it.
  }
}

/** Resumes whatever is still paused. */
export async function resumeAll({ pool, boss }: Playground): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from generation where state = 'queued' and "pausedAt" is not null`,
  );
  for (const { id } of rows) await transact(pool, (sql) => resumeJob({ boss, sql }, id));
}
