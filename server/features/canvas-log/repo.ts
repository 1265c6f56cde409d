import type { Queryable, Transaction } from '../../../prisma/client.ts';

/** One committed row of a canvas's update log. */
export interface LogRow {
  readonly id: bigint;
  readonly update: Uint8Array;
}

/** Canvas and the epoch of its document: together they name one log. */
export interface LogName {
  readonly canvasId: string;
  readonly epoch: number;
}

export async function selectEpoch(database: Queryable, canvasId: string): Promise<number | null> {
  const canvas = await database.canvas.findUnique({ where: { id: canvasId }, select: { epoch: true } });
  return canvas?.epoch ?? null;
}

/** Snapshot and rows as of one moment: a compaction between two statements would hide the rows it folded. */
export async function selectLog(
  database: Queryable,
  { canvasId, epoch }: LogName,
): Promise<{ readonly snapshot: Uint8Array | null; readonly rows: readonly LogRow[] }> {
  const found = await database.$queryRaw<{ id: bigint | null; update: Uint8Array }[]>`
    select null::bigint as id, state as "update" from canvas_snapshot
    where "canvasId" = ${canvasId} and epoch = ${epoch}
    union all
    (select id, "update" from canvas_update where "canvasId" = ${canvasId} and epoch = ${epoch} order by id)`;
  const rows: LogRow[] = [];
  let snapshot: Uint8Array | null = null;
  for (const { id, update } of found) {
    if (id === null) snapshot = update;
    else rows.push({ id, update });
  }
  return { snapshot, rows };
}

/** Takes the canvas's compaction lock until the transaction ends; false when another compaction holds it. */
export async function lockCompaction(transaction: Transaction, canvasId: string): Promise<boolean> {
  const rows = await transaction.$queryRaw<{ locked: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended('canvas-log:' || ${canvasId}, 0)) as locked`;
  return rows[0]?.locked === true;
}

export async function upsertSnapshot(
  transaction: Transaction,
  { canvasId, epoch, state }: LogName & { readonly state: Uint8Array },
): Promise<void> {
  await transaction.$executeRaw`
    insert into canvas_snapshot ("canvasId", epoch, state, "updatedAt")
    values (${canvasId}, ${epoch}, ${state}, timezone('utc', now()))
    on conflict ("canvasId") do update
    set epoch = excluded.epoch, state = excluded.state, "updatedAt" = excluded."updatedAt"`;
}

export function deleteRows(transaction: Transaction, ids: readonly bigint[]): Promise<number> {
  return transaction.$executeRaw`delete from canvas_update where id = any(${[...ids]}::bigint[])`;
}

/** Appends one update outside the collab server's group commit; returns its row id. */
export async function insertUpdate(
  database: Queryable,
  row: LogName & { readonly update: Uint8Array; readonly userId: string | null },
): Promise<bigint> {
  const rows = await database.$queryRaw<{ id: bigint }[]>`
    insert into canvas_update ("canvasId", epoch, "update", "userId")
    values (${row.canvasId}, ${row.epoch}, ${row.update}, ${row.userId}) returning id`;
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('insert returned no row id');
  return id;
}
