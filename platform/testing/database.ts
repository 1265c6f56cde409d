import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../prisma/client.ts';
import { templateDatabase } from './postgres-setup.ts';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  /** Closes the pool and drops the database. Call it in afterAll. */
  close(): Promise<void>;
}

/** A migrated, empty Postgres database of this test file's own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const base = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runOnServer(base, `create database ${name} template ${templateDatabase}`);
  const url = `${base}/${name}`;
  const database = openDatabase(url, 5);
  return {
    url,
    database,
    close: async () => {
      await database.$disconnect();
      await runOnServer(base, `drop database ${name} with (force)`);
    },
  };
}

async function runOnServer(base: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${base}/postgres` });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
