import * as Y from 'yjs';
import { AppError } from '../../../platform/errors.ts';
import type { Database, Queryable, Transaction } from '../../../prisma/client.ts';
import {
  deleteRows,
  insertUpdate,
  type LogName,
  type LogRow,
  lockCompaction,
  selectEpoch,
  selectLog,
  upsertSnapshot,
} from './repo.ts';

export type { LogName, LogRow } from './repo.ts';

/** A committed document, as read from the log. */
export interface LoadedDocument {
  readonly doc: Y.Doc;
  /** Rows that are in `doc`. */
  readonly rowIds: readonly bigint[];
  /** Rows that Yjs could not apply. They stay in the table, out of the document, until somebody looks at them. */
  readonly quarantined: readonly bigint[];
}

/**
 * The committed state of a canvas as one Yjs update (v1): everything that was ever acknowledged, nothing else. Throws
 * AppError not_found for a canvas that does not exist.
 */
export async function readCanvasState(database: Queryable, canvasId: string): Promise<Uint8Array> {
  const epoch = await selectEpoch(database, canvasId);
  if (epoch === null) throw new AppError('not_found', 'This canvas does not exist.');
  const { doc } = await loadDocument(database, { canvasId, epoch });
  try {
    return Y.encodeStateAsUpdate(doc);
  } finally {
    doc.destroy();
  }
}

/** Writes the first content of a canvas, in the transaction that creates it. */
export function writeFirstState(
  database: Queryable,
  first: LogName & { readonly update: Uint8Array; readonly userId: string | null },
): Promise<void> {
  return appendUpdate(database, first);
}

/**
 * Appends one update (v1) outside the collab server's group commit: an edit by the server, say.
 * `userId` is null when no person made it. Open rooms do not hear of it.
 */
export async function appendUpdate(
  database: Queryable,
  entry: LogName & { readonly update: Uint8Array; readonly userId: string | null },
): Promise<void> {
  await insertUpdate(database, entry);
}

/** The log as it is stored: snapshot (null when there is none) and rows in the order of their ids. */
export function readLog(
  database: Queryable,
  name: LogName,
): Promise<{ readonly snapshot: Uint8Array | null; readonly rows: readonly LogRow[] }> {
  return selectLog(database, name);
}

/**
 * Snapshot plus rows, applied one by one: merging many updates first is super-linear in Yjs (yjs#710). A row that
 * throws may leave the document half-changed, so the load begins again without it.
 */
export async function loadDocument(database: Queryable, name: LogName): Promise<LoadedDocument> {
  const { snapshot, rows } = await selectLog(database, name);
  const quarantined = new Set<bigint>();
  for (;;) {
    const doc = new Y.Doc();
    const failed = applyAll(
      doc,
      snapshot,
      rows.filter((row) => !quarantined.has(row.id)),
    );
    if (failed === null) {
      const rowIds = rows.filter((row) => !quarantined.has(row.id)).map((row) => row.id);
      return { doc, rowIds, quarantined: [...quarantined] };
    }
    doc.destroy();
    quarantined.add(failed);
  }
}

function applyAll(
  doc: Y.Doc,
  snapshot: Uint8Array | null,
  rows: readonly { readonly id: bigint; readonly update: Uint8Array }[],
): bigint | null {
  if (snapshot !== null) Y.applyUpdate(doc, snapshot, 'log');
  let current: bigint | null = null;
  try {
    doc.transact(() => {
      for (const row of rows) {
        current = row.id;
        Y.applyUpdate(doc, row.update, 'log');
      }
      current = null;
    }, 'log');
  } catch (error) {
    // Thrown after the last row, by Yjs's own clean-up: no single row is to blame, so nothing can be left out.
    if (current === null) throw error;
    return current;
  }
  return null;
}

/**
 * Runs `work` in a transaction that holds the canvas's lock, the one that compactions take: nobody else compacts or
 * bakes this canvas meanwhile. Null, and `work` not run, when somebody does.
 */
export function withCanvasLock<T>(
  database: Database,
  canvasId: string,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T | null> {
  return database.$transaction(
    async (transaction) => ((await lockCompaction(transaction, canvasId)) ? work(transaction) : null),
    { timeout: 60_000, maxWait: 10_000 },
  );
}

export type Compaction =
  | { readonly state: 'compacted'; readonly rows: number; readonly bytes: number }
  /** Another instance is compacting this canvas at the moment. */
  | { readonly state: 'busy' };

/**
 * Folds the log's rows into the snapshot. Deletes exactly the rows that it read: ids of a sequence commit out of order,
 * so "everything up to the highest id" could delete a row that nobody has folded in.
 */
export async function compactLog(database: Database, name: LogName): Promise<Compaction> {
  const done = await withCanvasLock(database, name.canvasId, async (transaction) => {
    const { doc, rowIds } = await loadDocument(transaction, name);
    const state = Y.encodeStateAsUpdate(doc);
    doc.destroy();
    if (rowIds.length > 0) {
      await upsertSnapshot(transaction, { ...name, state });
      await deleteRows(transaction, rowIds);
    }
    return { rows: rowIds.length, bytes: state.length };
  });
  return done === null ? { state: 'busy' } : { state: 'compacted', ...done };
}
