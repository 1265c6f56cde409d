import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { wakeChannel } from './names.ts';
import { openListener, type Listener } from './listener.ts';
import { transactPrisma } from './prisma-sql.ts';
import { openPool, transact } from './sql.ts';

let db: TestDatabase;
let pool: pg.Pool;
let listener: Listener;
let heard: string[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  pool = openPool({ url: db.url, connections: 6, onError: () => undefined });
  listener = openListener({
    url: db.url,
    channels: [wakeChannel],
    onNotification: (_, payload) => heard.push(payload),
    onError: () => undefined,
  });
  await listener.whenLive();
  await pool.query('create table note (text text not null)');
});

afterAll(async () => {
  await listener.close();
  await pool.end();
  await db.close();
});

beforeEach(() => {
  heard = [];
});

function write(text: string) {
  return transact(pool, async (sql) => {
    sql.announce([{ channel: wakeChannel, payload: text }]);
    await sql.executeSql('insert into note values ($1)', [text]);
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 400; tries += 1) await sleep(10);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('[Q14] what many transactions have to tell is all heard, and each is committed by then', async () => {
  const texts = Array.from({ length: 50 }, (_, i) => `note ${i}`);
  await Promise.all(texts.map(write));
  await until(() => heard.length === texts.length);
  expect(heard.toSorted()).toEqual(texts.toSorted());
  const { rows } = await pool.query('select count(*)::int as n from note where text = any($1)', [heard]);
  expect(rows[0].n).toBe(texts.length);
});

test('[Q14] a message waits for the commit, and a rollback takes it back', async () => {
  let heardBefore: readonly string[] = [];
  await transact(pool, async (sql) => {
    sql.announce([{ channel: wakeChannel, payload: 'kept' }]);
    await write('meanwhile');
    await until(() => heard.includes('meanwhile'));
    heardBefore = [...heard];
  });
  expect(heardBefore).toEqual(['meanwhile']);
  await until(() => heard.includes('kept'));
  await expect(
    transact(pool, async (sql) => {
      sql.announce([{ channel: wakeChannel, payload: 'taken back' }]);
      await sql.executeSql('select 1 / $1::int', [0]);
    }),
  ).rejects.toThrow('division by zero');
  await write('last');
  await until(() => heard.includes('last'));
  expect(heard).toEqual(['meanwhile', 'kept', 'last']);
});

test('[Q14] the same through Prisma', async () => {
  const tell = (text: string, fails: boolean) =>
    transactPrisma(db.database, async (_, sql) => {
      sql.announce([{ channel: wakeChannel, payload: text }]);
      await sql.executeSql('insert into note values ($1)', [text]);
      if (fails) throw new Error('changed my mind');
    });
  await expect(tell('no', true)).rejects.toThrow('changed my mind');
  await tell('yes', false);
  await until(() => heard.length > 0);
  expect(heard).toEqual(['yes']);
});
