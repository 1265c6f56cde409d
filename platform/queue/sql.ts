import pg from 'pg';
import type { z } from 'zod';

/**
 * Runs one SQL statement: the inside of a Prisma transaction (pg-boss' `fromPrisma`), of a pg client's transaction, or a
 * pool. The same shape that pg-boss takes as `db`, so our statements and its own share one transaction.
 */
export interface SqlExecutor {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
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
  });
  pool.on('error', options.onError);
  return pool;
}

export function onPool(pool: pg.Pool): SqlExecutor {
  return { executeSql: (text, values) => pool.query(text, values) };
}

/**
 * Runs `work` inside one transaction: committed when it returns, rolled back when it throws. A connection that broke is
 * thrown away. When COMMIT itself fails the outcome is unknown, and the error says so by reaching the caller.
 */
export async function transact<T>(pool: pg.Pool, work: (sql: SqlExecutor) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  // A checked-out client's connection errors are its holder's to hear; each pending query rejects by itself.
  const ignore = () => undefined;
  client.on('error', ignore);
  try {
    await client.query('begin');
    const result = await work({ executeSql: (text, values) => client.query(text, values) });
    await client.query('commit');
    broken = false;
    return result;
  } catch (error) {
    broken = await client.query('rollback').then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

/** SQL text for the database's present time as Prisma stores it: UTC without a zone. No other clock decides anything. */
export const utcNow = `timezone('utc', clock_timestamp())`;
