import { readFile, readdir } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const folder = import.meta.dirname;
const noFilters = { externalTables: [], externalEnums: [] };

let loaded: Promise<void> | undefined;

/** Instantiates the engine once a process: its glue code keeps views of the first instance's memory. */
function loadEngine(): Promise<void> {
  loaded ??= (async () => {
    const bytes = await readFile(
      join(
        dirname(findPackageJSON('@prisma/schema-engine-wasm', import.meta.url) ?? ''),
        'schema_engine_bg.wasm',
      ),
    );
    const { instance } = await WebAssembly.instantiate(bytes, {
      './schema_engine_bg.js': { ...engineModule },
    });
    engineModule.__wbg_set_wasm(instance.exports);
    const start = instance.exports.__wbindgen_start;
    if (typeof start === 'function') start();
  })();
  return loaded;
}

/**
 * Runs `work` on Prisma's own schema engine, compiled to WebAssembly, so that migrations need no downloaded binary. It
 * keeps `_prisma_migrations` as `prisma migrate deploy` does, which therefore stays usable beside it.
 */
async function withEngine<T>(
  url: string,
  work: (engine: engineModule.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadEngine();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool));
  const datamodels: [string, string][] = [['schema.prisma', await readSchemaText()]];
  const engine = await engineModule.SchemaEngine.new({ datamodels }, () => undefined, adapter);
  try {
    return await work(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

/** Applies every migration in prisma/migrations that the database at `url` lacks; returns their names, oldest first. */
export async function migrate(url: string): Promise<readonly string[]> {
  const migrationsList = await readMigrations();
  return withEngine(url, async (engine) => {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: noFilters });
    return appliedMigrationNames;
  });
}

/** SQL that builds all of schema.prisma in an empty database; the source of new migrations. `url` is only connected to. */
export async function describeSchema(url: string): Promise<string> {
  const to = { tag: 'schemaDatamodel' as const, ...(await readSchema()) };
  return withEngine(url, async (engine) => {
    const answer = await engine.diff({
      from: { tag: 'empty' },
      to,
      script: true,
      exitCode: null,
      filters: noFilters,
    });
    return answer.stdout ?? '';
  });
}

async function readSchema(): Promise<engineModule.SchemasContainer> {
  return { files: [{ path: 'schema.prisma', content: await readSchemaText() }] };
}

function readSchemaText(): Promise<string> {
  return readFile(join(folder, 'schema.prisma'), 'utf8');
}

async function readMigrations(): Promise<engineModule.MigrationList> {
  const baseDir = join(folder, 'migrations');
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const migrationDirectories = await Promise.all(
    names.sort().map(async (path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok' as const, value: await readFile(join(baseDir, path, 'migration.sql'), 'utf8') },
      },
    })),
  );
  const lockfile = {
    path: 'migration_lock.toml',
    content: await readFile(join(baseDir, 'migration_lock.toml'), 'utf8'),
  };
  return { baseDir, lockfile, shadowDbInitScript: '', migrationDirectories };
}
