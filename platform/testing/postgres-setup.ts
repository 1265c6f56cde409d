import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../prisma/migrate.ts';
import { ensureDatabase, startEmbeddedPostgres } from '../postgres/embedded.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Base URL of the test server, without a database name. */
    postgresUrl: string;
  }
}

/** Name of the migrated database that each test file's own database is copied from. */
export const templateDatabase = 'gesso_template';

/** Vitest global setup: one real Postgres for the whole run, in a folder of its own that goes when the run ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'gesso-test-'));
  const server = await startEmbeddedPostgres({
    dataFolder: join(folder, 'postgres'),
    port: await freePort(),
    logFile: join(folder, 'postgres.log'),
    // The run's data is thrown away, so waiting for the disk would only make it slower.
    settings: ['fsync=off'],
  });
  await ensureDatabase(server, templateDatabase);
  await migrate(server.url(templateDatabase));
  project.provide('postgresUrl', server.url('').replace(/\/$/, ''));
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** Below the ports that systems hand to outgoing connections (from 32,768 on Linux): one of those could be taken meanwhile. */
const lowestPort = 15_000;
const portCount = 17_000;

/** A TCP port that nothing listens on at this moment, on any interface. */
export async function freePort(): Promise<number> {
  const port = lowestPort + Math.floor(Math.random() * portCount);
  return (await canListen(port)) ? port : freePort();
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle, fail) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? settle(false) : fail(error),
    );
    probe.listen(port, () => probe.close(() => settle(true)));
  });
}
