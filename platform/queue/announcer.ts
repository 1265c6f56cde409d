import type { Message } from './notify.ts';
import type { SqlExecutor } from './sql.ts';

/** Sends the messages of committed transactions, those of many in one statement when they come fast. */
export interface Announcer {
  /** Takes over messages whose transaction is committed. */
  add(messages: readonly Message[]): void;
  /** Sends what waits, on `sql`, unless a send is under way, which then takes it along. Never rejects. */
  flush(sql: SqlExecutor): Promise<void>;
}

/**
 * Postgres serialises every transaction that notifies from just before its commit record until that record is on the disk.
 * Three notifying transactions a job kept the whole server to one commit a disk flush. So messages follow in a statement
 * of their own, which waits for no disk: its record carries nothing that must survive.
 *
 * A process that dies between its commit and its message has said nothing; everybody who listens looks by himself as well
 * (idle workers every second, canvases every few, the queue panel every five).
 */
export function createAnnouncer(): Announcer {
  let waiting: Message[] = [];
  let isSending = false;
  return {
    add(messages) {
      waiting.push(...messages);
    },
    async flush(sql) {
      if (isSending) return;
      isSending = true;
      try {
        while (waiting.length > 0) {
          const batch = waiting;
          waiting = [];
          await send(sql, batch);
        }
      } catch {
        // The connection is gone; who listens on this server reads the rows again, or looks by himself in a moment.
      } finally {
        isSending = false;
      }
    },
  };
}

async function send(sql: SqlExecutor, messages: readonly Message[]): Promise<void> {
  // The casts are for Prisma, which cannot read a column of type void.
  await sql.executeSql(
    `select set_config('synchronous_commit', 'off', true), pg_notify(m.channel, m.payload)::text as sent
       from unnest($1::text[], $2::text[]) as m(channel, payload)`,
    [messages.map((message) => message.channel), messages.map((message) => message.payload)],
  );
}

const announcers = new WeakMap<object, Announcer>();

/** The announcer of a pool or client: one a database connection pool, whoever asks. */
export function announcerOf(database: object): Announcer {
  const known = announcers.get(database);
  if (known !== undefined) return known;
  const made = createAnnouncer();
  announcers.set(database, made);
  return made;
}
