import type * as Y from 'yjs';
import type { Log } from '../../platform/log.ts';
import type { Database, Transaction } from '../../prisma/client.ts';
import { candidatesPayloadSchema } from '../../shared/contracts/generation.ts';
import { stageCandidate } from '../../shared/document/candidates.ts';
import { appendUpdate, type LogName } from '../features/canvas-log/service.ts';
import { serverUserId } from './room-document.ts';
import type { Rooms } from './rooms.ts';

export interface OutboxOptions {
  readonly database: Database;
  readonly rooms: Rooms;
  readonly log: Log;
}

interface OutboxRow {
  readonly id: bigint;
  readonly kind: string;
  readonly payload: unknown;
}

type DocumentEdit = (doc: Y.Doc) => void;

/** A crowded machine may take seconds where a quiet one takes milliseconds; giving up would only mean starting over. */
const transactionPatience = { timeout: 30_000, maxWait: 10_000 };
/** How long the outbox waits for one canvas before it turns to the next. */
const deliveryPatience = 3_000;
/** Rows of one canvas that one transaction takes. */
const mostRowsAtOnce = 32;

/** Turns rows of canvas_outbox into edits of documents: rules [O1] to [O4]. */
export class Outbox {
  readonly #options: OutboxOptions;
  /** Rows that do not parse; they stay in the table for somebody to look at. */
  readonly #unreadable = new Set<bigint>();
  /** Canvases whose rows are being delivered: one that hangs must not hold up the others. */
  readonly #delivering = new Map<string, Promise<void>>();
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Looks through the outbox soon; any number of calls while it works cost one more look. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#running = this.#deliverAll()
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'the outbox could not be delivered'))
      .finally(() => {
        this.#running = null;
        if (!this.#again) return;
        this.#again = false;
        this.wake();
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#delivering.values());
  }

  async #deliverAll(): Promise<void> {
    const names = await this.#options.database.$queryRaw<LogName[]>`
      select distinct canvas.id as "canvasId", canvas.epoch
      from canvas_outbox join canvas on canvas.id = canvas_outbox."canvasId"
      where canvas_outbox.id <> all(${[...this.#unreadable]}::bigint[])`;
    for (const name of names) {
      if (this.#stopped) return;
      if (this.#delivering.has(name.canvasId)) continue;
      const delivery = this.#deliver(name)
        .catch((error: unknown) =>
          this.#options.log.warn(
            { err: error, canvasId: name.canvasId },
            'server edits wait for the next look',
          ),
        )
        .finally(() => this.#delivering.delete(name.canvasId));
      this.#delivering.set(name.canvasId, delivery);
      const slow = await isSlow(delivery);
      if (slow) this.#options.log.warn({ canvasId: name.canvasId }, 'a server edit takes long; others go on');
    }
  }

  async #deliver(name: LogName): Promise<void> {
    let more = true;
    while (more && !this.#stopped) {
      await this.#options.rooms.open(name).editAsServer((desk) =>
        this.#options.database.$transaction(async (transaction) => {
          const rows = await this.#takeRows(transaction, name.canvasId);
          more = rows.length === mostRowsAtOnce;
          const readable = rows.flatMap((row) => {
            const edit = this.#read(row);
            return edit === null ? [] : [{ id: row.id, edit }];
          });
          if (readable.length === 0) return null;
          const update = desk.draft((doc) => {
            for (const { edit } of readable) edit(doc);
          });
          if (update !== null) {
            await appendUpdate(transaction, { ...name, update, userId: null });
            await transaction.$executeRaw`
              insert into canvas_client ("canvasId", epoch, "clientId", "userId")
              values (${name.canvasId}, ${name.epoch}, ${BigInt(desk.clientId)}, ${serverUserId})
              on conflict do nothing`;
          }
          await transaction.canvasOutbox.deleteMany({
            where: { id: { in: readable.map((row) => row.id) } },
          });
          return update;
        }, transactionPatience),
      );
    }
  }

  #takeRows(transaction: Transaction, canvasId: string): Promise<OutboxRow[]> {
    return transaction.$queryRaw<OutboxRow[]>`
      select id, kind, payload from canvas_outbox
      where "canvasId" = ${canvasId} and id <> all(${[...this.#unreadable]}::bigint[])
      order by id for update skip locked limit ${mostRowsAtOnce}`;
  }

  #read(row: OutboxRow): DocumentEdit | null {
    const edit = readEdit(row);
    if (edit !== null) return edit;
    this.#unreadable.add(row.id);
    this.#options.log.error({ row: row.id.toString(), kind: row.kind }, 'an outbox row that does not parse');
    return null;
  }
}

/** Whether `work` needs more than a few seconds. */
async function isSlow(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((settle) => {
    timer = setTimeout(() => settle(true), deliveryPatience);
  });
  const slow = await Promise.race([work.then(() => false), late]);
  clearTimeout(timer);
  return slow;
}

function readEdit({ kind, payload }: OutboxRow): DocumentEdit | null {
  if (kind !== 'candidates') return null;
  const parsed = candidatesPayloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { generationId, requestedBy, prompt, frame, placement, at, outputs } = parsed.data;
  return (doc) => {
    for (const { id, asset, width, height, seed } of outputs) {
      stageCandidate(doc, {
        id,
        generationId,
        asset,
        width,
        height,
        rect: frame,
        ...(placement === undefined ? {} : { placement }),
        seed,
        prompt,
        requestedBy,
        at,
        state: 'staged',
        layerId: null,
      });
    }
  };
}
