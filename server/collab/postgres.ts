import pg from 'pg';
import type { Log } from '../../platform/log.ts';
import type { LogName } from '../features/canvas-log/service.ts';
import { queryPatience } from './limits.ts';

/**
 * The collab server's own door to Postgres, beside Prisma: the hot insert needs prepared statements and byte arrays
 * (0.9 ms for 40 rows against 4 ms), and LISTEN needs a connection of its own.
 */
export function openLogPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: queryPatience,
    query_timeout: queryPatience,
    keepAlive: true,
  });
  // An idle connection that Postgres drops is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** One update on its way into the log. */
export interface LogInsert {
  readonly name: LogName;
  readonly update: Uint8Array;
  readonly userId: string | null;
}

/** Appends all of `rows` in one statement, which is one transaction; returns their ids in the same order. */
export async function insertLogRows(pool: pg.Pool, rows: readonly LogInsert[]): Promise<readonly bigint[]> {
  // All updates as one value: a byte array inside an SQL array would be spelled in hexadecimal.
  let at = 1;
  const starts = rows.map(({ update }) => {
    const start = at;
    at += update.length;
    return start;
  });
  const result = await pool.query<{ id: string }>({
    name: 'append-canvas-updates',
    text: `insert into canvas_update ("canvasId", epoch, "update", "userId")
           select canvas, epoch, substring($3::bytea from start for length), person
           from unnest($1::text[], $2::int[], $4::int[], $5::int[], $6::text[])
             as row (canvas, epoch, start, length, person)
           returning id`,
    values: [
      rows.map((row) => row.name.canvasId),
      rows.map((row) => row.name.epoch),
      Buffer.concat(rows.map((row) => row.update)),
      starts,
      rows.map((row) => row.update.length),
      rows.map((row) => row.userId),
    ],
  });
  return result.rows.map((row) => BigInt(row.id));
}

export async function deleteLogRow(pool: pg.Pool, id: bigint): Promise<void> {
  await pool.query('delete from canvas_update where id = $1', [id.toString()]);
}

/** Who owns which client id of a document. */
export async function selectClientOwners(pool: pg.Pool, name: LogName): Promise<Map<number, string>> {
  const result = await pool.query<{ clientId: string; userId: string }>({
    name: 'client-owners',
    text: 'select "clientId", "userId" from canvas_client where "canvasId" = $1 and epoch = $2',
    values: [name.canvasId, name.epoch],
  });
  return new Map(result.rows.map((row) => [Number(row.clientId), row.userId]));
}

/** Binds client ids to `userId` where nobody has them; returns who has each of them now. */
export async function bindClients(
  pool: pg.Pool,
  binding: { readonly name: LogName; readonly clients: readonly number[]; readonly userId: string },
): Promise<Map<number, string>> {
  const { name, clients, userId } = binding;
  // The update that changes nothing makes the row come back, and waits for a rival that has not committed yet.
  const result = await pool.query<{ clientId: string; userId: string }>({
    name: 'bind-clients',
    text: `insert into canvas_client ("canvasId", epoch, "clientId", "userId")
           select $1, $2, client, $4 from unnest($3::bigint[]) as client order by client
           on conflict ("canvasId", epoch, "clientId") do update set "userId" = canvas_client."userId"
           returning "clientId", "userId"`,
    values: [name.canvasId, name.epoch, clients, userId],
  });
  return new Map(result.rows.map((row) => [Number(row.clientId), row.userId]));
}

export async function touchCanvas(pool: pg.Pool, canvasId: string): Promise<void> {
  await pool.query({
    name: 'touch-canvas',
    text: `update canvas set "updatedAt" = timezone('utc', now()) where id = $1`,
    values: [canvasId],
  });
}

/** Which of these sessions have ended or expired. Throws when the database cannot be asked. */
export async function selectEndedSessions(pool: pg.Pool, ids: readonly string[]): Promise<Set<string>> {
  const result = await pool.query<{ id: string }>({
    name: 'live-sessions',
    text: `select id from session where id = any($1) and "expiresAt" > timezone('utc', now())`,
    values: [ids],
  });
  const ended = new Set(ids);
  for (const { id } of result.rows) ended.delete(id);
  return ended;
}

export interface ListenOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onNotice: (channel: string, payload: string) => void;
  /** Called after each (re)connection: what was said meanwhile is lost. */
  readonly onConnected: () => void;
  readonly log: Log;
}

/** Listens until closed; a lost connection is opened again twice a second. */
export function listenForNotices(options: ListenOptions): { close(): Promise<void> } {
  const { url, channels, onNotice, onConnected, log } = options;
  let closed = false;
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;

  const retry = () => {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(connect, 500);
  };
  const connect = () => {
    const next = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
    client = next;
    next.on('error', () => undefined);
    next.on('end', retry);
    next.on('notification', (message) => onNotice(message.channel, message.payload ?? ''));
    next
      .connect()
      .then(() => next.query(channels.map((channel) => `listen ${channel}`).join(';')))
      .then(onConnected)
      .catch((error: unknown) => {
        log.warn({ err: error }, 'cannot listen to the database');
        next.end().catch(() => undefined);
        retry();
      });
  };
  connect();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
