import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { openListener } from './listener.ts';
import { openPool } from './sql.ts';

let db: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  db = await createTestDatabase();
  pool = openPool({ url: db.url, connections: 2, onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await db.close();
});

test('[Q13] a session that is cut comes back by itself, with its lock and its channels, and says so once', async () => {
  const heard: string[] = [];
  let lives = 0;
  let errors = 0;
  const listener = openListener({
    url: db.url,
    channels: ['a_channel'],
    onNotification: (_, payload) => heard.push(payload),
    onLive: () => {
      lives += 1;
    },
    onError: () => {
      errors += 1;
    },
    prepare: async (client) => {
      await client.query('select pg_advisory_lock(4242, 1)');
    },
  });
  await listener.whenLive();
  const holders = async () => {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and classid = 4242 and objid = 1 and granted
          and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows.map((row) => row.pid);
  };
  const [first] = await holders();
  await pool.query('select pg_terminate_backend($1)', [first]);
  await expect.poll(() => lives, { timeout: 10_000 }).toBe(2);
  expect(errors).toBe(1);
  const [second] = await holders();
  expect(second).not.toBe(first);
  await pool.query(`select pg_notify('a_channel', 'still here')`);
  await expect.poll(() => heard).toEqual(['still here']);

  await listener.close();
  await expect.poll(holders).toEqual([]);
  await expect(listener.whenLive()).rejects.toThrow('closed');
});
