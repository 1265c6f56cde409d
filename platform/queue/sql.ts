import pg from 'pg';
import type { z } from 'zod';
import { announcerOf } from './announcer.ts';
import type { Message } from './notify.ts';

/**
 * Runs one SQL statement: the inside of a Prisma transaction (pg-boss' `fromPrisma`), of a pg client's transaction, or a
 * pool. The same shape that pg-boss takes as `db`, so our statements and its own share one transaction.
 */
export interface SqlExecutor {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** The inside of a transaction that has something to tell once it is committed. */
export interface Transaction extends SqlExecutor {
  /** Sends messages after COMMIT; after a rollback they are forgotten. */
  announce(messages: readonly Message[]): void;
}

/** Rows of a statement, each checked against `row`. */
export async function select<T>(
  sql: SqlExecutor,
  row: z.ZodType<T>,
  statement: { readonly text: string; readonly values: readonly unknown[] },
): Promise<readonly T[]> {
  const { rows } = await sql.executeSql(statement.text, [...statement.values]);
  return rows.map((value) => row.parse(value));
}

/** A pool that outlives a restart of Postgres: errors of idle connections go to `onError`, the next query reconnects. */
export function openPool(options: {
  readonly url: string;
  readonly connections: number;
  readonly onError: (error: Error) => void;
}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // Statements that do not wait for each other share a round trip.
    pipeline: true,
  });
  pool.on('error', options.onError);
  return pool;
}

export function onPool(pool: pg.Pool): SqlExecutor {
  return { executeSql: (text, values) => pool.query(text, values) };
}

function onClient(client: pg.PoolClient): SqlExecutor {
  return { executeSql: (text, values) => client.query(named(text, values)) };
}

/** More different texts than the queue has; what a caller builds by itself beyond them is planned anew each time. */
const mostNames = 64;
const names = new Map<string, string>();

/** A statement that each connection parses once. */
function named(text: string, values: unknown[] = []): pg.QueryConfig {
  const known = names.get(text);
  if (known !== undefined) return { name: known, text, values };
  if (values.length === 0 || names.size >= mostNames) return { text, values };
  const name = `gesso-${names.size}`;
  names.set(text, name);
  return { name, text, values };
}

/**
 * Runs `work` inside one transaction: committed when it returns, rolled back when it throws. A connection that broke is
 * thrown away. When COMMIT itself fails the outcome is unknown, and the error says so by reaching the caller.
 */
export async function transact<T>(pool: pg.Pool, work: (sql: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A checked-out client's connection errors are its holder's to hear; each pending query rejects by itself.
  const ignore = () => undefined;
  client.on('error', ignore);
  const release = (isBroken: boolean) => {
    client.off('error', ignore);
    client.release(isBroken);
  };
  const sql = onClient(client);
  const announcer = announcerOf(pool);
  const messages: Message[] = [];
  let result: T;
  try {
    // Sent with the first statement of `work`; it fails only with the connection, and then that statement does as well.
    const begun = client.query('begin');
    begun.catch(ignore);
    result = await work({ ...sql, announce: (more) => messages.push(...more) });
    await begun;
    await client.query('commit');
  } catch (error) {
    const isCut = await client.query('rollback').then(
      () => false,
      () => true,
    );
    release(isCut || isPlanStale(error));
    throw error;
  }
  announcer.add(messages);
  // The caller need not wait: what it did is committed.
  void announcer.flush(sql).then(() => release(false));
  return result;
}

/** A table changed under a statement that the connection had planned ("cached plan must not change result type"). */
function isPlanStale(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '0A000';
}

/** SQL text for the database's present time as Prisma stores it: UTC without a zone. No other clock decides anything. */
export const utcNow = `timezone('utc', clock_timestamp())`;
