import pg from 'pg';
import * as Y from 'yjs';
import type { LogName } from '../features/canvas-log/service.ts';
import { largestBatch, mostBatchRows } from './limits.ts';
import { insertLogRows, type LogInsert } from './postgres.ts';

/** An edit that waits for its commit. `update` is null when only the acknowledgement must wait for those before it. */
export interface Edit<Sender> {
  readonly update: Uint8Array | null;
  readonly userId: string | null;
  readonly sender: Sender;
}

export interface CommittedEdit<Sender> extends Edit<Sender> {
  readonly rowId: bigint | null;
}

/** Where the outcome of a room's edits goes. */
export interface EditSink<Sender> {
  readonly name: LogName;
  /** These are committed, in the order in which they were appended; edits of one person may share a row. */
  onCommitted(edits: readonly CommittedEdit<Sender>[]): void;
  /** Nobody knows whether the edits are in the log. All that the sink still had waiting is dropped. */
  onCommitFailed(cause: unknown): void;
}

interface Waiting<Sender> {
  readonly sink: EditSink<Sender>;
  readonly edit: Edit<Sender>;
}

/**
 * Group commit ([E7]): one insert is in flight, everything that arrives meanwhile goes into the next. All rooms of the
 * process share it, so that many rooms do not cost many commits.
 */
export class LogWriter<Sender> {
  readonly #pool: pg.Pool;
  #waiting: Waiting<Sender>[] = [];
  #flight: Promise<void> | null = null;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Edits of the batch in flight and after it. */
  get size(): number {
    return this.#waiting.length;
  }

  append(sink: EditSink<Sender>, edit: Edit<Sender>): void {
    this.#waiting.push({ sink, edit });
    this.#start();
  }

  /** Forgets what `sink` has waiting; what is in flight already still lands. */
  discard(sink: EditSink<Sender>): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.sink !== sink);
  }

  /** Resolves when the insert that is in flight now has ended. */
  async settle(): Promise<void> {
    await this.#flight;
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#flight !== null || this.#waiting.length > 0) await this.#flight;
  }

  #start(): void {
    if (this.#flight !== null || this.#waiting.length === 0) return;
    // After the current turn of the event loop, so that all messages of one read share a commit.
    this.#flight = new Promise<void>((next) => setImmediate(next))
      .then(() => this.#flush())
      .finally(() => {
        this.#flight = null;
        this.#start();
      });
  }

  async #flush(): Promise<void> {
    const batch = this.#takeBatch();
    try {
      await this.#commit(batch);
    } catch (cause) {
      const sinks = [...new Set(batch.map((waiting) => waiting.sink))];
      if (sinks.length > 1 && isRolledBack(cause)) await this.#commitEach(sinks, batch);
      else for (const sink of sinks) this.#fail(sink, cause);
    }
  }

  /** One room's canvas may have been deleted under it; that must not cost the other rooms their edits. */
  async #commitEach(sinks: readonly EditSink<Sender>[], batch: readonly Waiting<Sender>[]): Promise<void> {
    for (const sink of sinks) {
      try {
        await this.#commit(batch.filter((waiting) => waiting.sink === sink));
      } catch (cause) {
        this.#fail(sink, cause);
      }
    }
  }

  #fail(sink: EditSink<Sender>, cause: unknown): void {
    this.discard(sink);
    sink.onCommitFailed(cause);
  }

  async #commit(batch: readonly Waiting<Sender>[]): Promise<void> {
    const { rows, rowOf } = gatherRows(batch);
    const ids = rows.length === 0 ? [] : await insertLogRows(this.#pool, rows);
    const committed = new Map<EditSink<Sender>, CommittedEdit<Sender>[]>();
    for (const [index, { sink, edit }] of batch.entries()) {
      const row = rowOf[index];
      const rowId = row === undefined ? null : (ids[row] ?? null);
      const list = committed.get(sink);
      if (list === undefined) committed.set(sink, [{ ...edit, rowId }]);
      else list.push({ ...edit, rowId });
    }
    for (const [sink, edits] of committed) sink.onCommitted(edits);
  }

  #takeBatch(): readonly Waiting<Sender>[] {
    let bytes = 0;
    let count = 0;
    for (const { edit } of this.#waiting) {
      bytes += edit.update?.length ?? 0;
      if (count > 0 && (bytes > largestBatch || count >= mostBatchRows)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

/** Whether Postgres refused the statement itself (bad data, a broken constraint): then nothing of it was committed. */
function isRolledBack(cause: unknown): boolean {
  return cause instanceof pg.DatabaseError && /^2[23]/.test(cause.code ?? '');
}

/**
 * One row for everything that a person wrote in a room within the batch: the further the database falls behind, the
 * fewer rows it gets for the same edits. `rowOf` gives each edit's row; edits without an update have none.
 */
function gatherRows<Sender>(batch: readonly Waiting<Sender>[]): {
  readonly rows: readonly LogInsert[];
  readonly rowOf: readonly (number | undefined)[];
} {
  const gathered: {
    readonly name: LogName;
    readonly userId: string | null;
    readonly updates: Uint8Array[];
  }[] = [];
  const places = new Map<EditSink<Sender>, Map<string | null, number>>();
  const rowOf = batch.map(({ sink, edit }) => {
    if (edit.update === null) return undefined;
    const ofRoom = places.get(sink) ?? new Map<string | null, number>();
    places.set(sink, ofRoom);
    const found = ofRoom.get(edit.userId);
    if (found !== undefined) {
      gathered[found]?.updates.push(edit.update);
      return found;
    }
    const place = gathered.push({ name: sink.name, userId: edit.userId, updates: [edit.update] }) - 1;
    ofRoom.set(edit.userId, place);
    return place;
  });
  const rows = gathered.map(({ name, userId, updates: [first = new Uint8Array(), ...rest] }) => ({
    name,
    userId,
    update: rest.length === 0 ? first : Y.mergeUpdates([first, ...rest]),
  }));
  return { rows, rowOf };
}
