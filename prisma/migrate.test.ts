import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../platform/testing/database.ts';
import { describeSchema, migrate } from './migrate.ts';

const catalogue = `
  select table_name as "table", column_name as "name", data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as "what"
    from information_schema.columns where table_schema = current_schema() and table_name <> '_prisma_migrations'
  union all
  select tablename, indexname, regexp_replace(indexdef, ' ON [a-z_]+\\.', ' ON ')
    from pg_indexes where schemaname = current_schema() and tablename <> '_prisma_migrations'
  order by 1, 2, 3`;

describe('migrations', () => {
  let migrated: TestDatabase;
  beforeAll(async () => {
    migrated = await createTestDatabase();
  });
  afterAll(() => migrated.close());

  test('build exactly what schema.prisma says', async () => {
    const client = new pg.Client({ connectionString: migrated.url });
    await client.connect();
    try {
      const fromMigrations = (await client.query(catalogue)).rows;
      await client.query('create schema declared; set search_path to declared');
      await client.query((await describeSchema(migrated.url)).replaceAll('"public".', '"declared".'));
      const fromSchema = (await client.query(catalogue)).rows;
      const clean = (rows: readonly unknown[]) =>
        JSON.stringify(rows, null, 1).replaceAll('declared.', '').replaceAll('public.', '');
      expect(fromMigrations.length).toBeGreaterThan(100);
      expect(clean(fromSchema)).toBe(clean(fromMigrations));
    } finally {
      await client.end();
    }
  });

  test('are applied once', async () => {
    expect(await migrate(migrated.url)).toEqual([]);
  });
});
