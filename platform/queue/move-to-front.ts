import { z } from 'zod';
import { setPriorities } from './boss.ts';
import { bossSchema } from './names.ts';
import { eventMessage } from './notify.ts';
import { select, type Transaction } from './sql.ts';

const waitingSchema = z.object({
  id: z.string(),
  jobId: z.string(),
  queue: z.string(),
  canvasId: z.string().nullable(),
  organizationId: z.string(),
  priority: z.number().int(),
});
type Waiting = z.infer<typeof waitingSchema>;

/**
 * Moves a waiting generation before all others of its team in its pool (Q18), inside the caller's transaction. The team's
 * jobs exchange their start tags among themselves, so no other team's place changes. Returns false when it does not wait:
 * paused, begun or ended.
 */
export async function moveToFront(sql: Transaction, generationId: string): Promise<boolean> {
  const line = await lockLine(sql, generationId);
  const at = line.findIndex((one) => one.id === generationId);
  const moved = line[at];
  if (moved === undefined) return false;
  const changed = rotate(line.slice(0, at + 1));
  if (changed.length > 0) {
    await setPriorities(sql, changed);
    await sql.executeSql(
      `update generation g set priority = c.priority
         from unnest($1::text[], $2::int[]) as c(id, priority) where g.id = c.id`,
      [changed.map((one) => one.id), changed.map((one) => one.priority)],
    );
  }
  const { organizationId, canvasId } = moved;
  sql.announce([eventMessage({ kind: 'queued', generationId, organizationId, canvasId })]);
  return true;
}

/** The team's waiting jobs in the pool, next first, their rows held. A job that a worker is taking now is not among them. */
function lockLine(sql: Transaction, generationId: string): Promise<readonly Waiting[]> {
  return select(sql, waitingSchema, {
    text: `
      select g.id, g."jobId", g.pool || '.' || g.pack as queue, g."canvasId", g."organizationId", j.priority
        from generation moved
        join generation g on g."organizationId" = moved."organizationId" and g.pool = moved.pool
        join ${bossSchema}.job j on j.name = g.pool || '.' || g.pack and j.id = g."jobId"::uuid
       where moved.id = $1 and g.state = 'queued' and g."pausedAt" is null and j.state < 'active'
       order by j.priority desc, j.created_on, g.id
         for update of j skip locked`,
    values: [generationId],
  });
}

/** The last one takes the first one's start tag, every other the tag of the one behind it. */
function rotate(line: readonly Waiting[]): readonly Waiting[] {
  const last = line.at(-1);
  const [first, second] = line;
  if (last === undefined || first === undefined || second === undefined) return [];
  // Equal tags are served by age, so among them the front takes one unit more.
  const front = {
    ...last,
    priority: first.priority === second.priority ? first.priority + 1 : first.priority,
  };
  const behind = line
    .slice(0, -1)
    .map((one, i) => ({ ...one, priority: line[i + 1]?.priority ?? one.priority }));
  return [front, ...behind];
}
