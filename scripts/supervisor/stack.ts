import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { childEnv, type Env, portsOf } from '../../platform/env.ts';
import { AppError } from '../../platform/errors.ts';
import { homeAt, prepareHome, readSecret } from '../../platform/home.ts';
import {
  type EmbeddedPostgres,
  ensureDatabase,
  isListening,
  startEmbeddedPostgres,
} from '../../platform/postgres/embedded.ts';
import { migrate } from '../../prisma/migrate.ts';
import { superviseChild, type SupervisedChild } from './child.ts';
import { type HomeLock, lockHome } from './lock.ts';

const databaseName = 'gesso';
const leastFreeBytes = 300 * 1024 * 1024;
/** How long a part may take to hand its work over before it is killed. */
const graceMs = 12_000;

export interface Stack {
  /** Where people open Gesso. */
  readonly address: string;
  /** Stops everything, Postgres last. Safe to call more than once. */
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly root: string;
  readonly env: Env;
  readonly say: (line: string) => void;
  /** How the web process is started: script and arguments. */
  readonly web: readonly [script: string, ...args: string[]];
  readonly nodeEnv: 'production' | 'development';
}

/**
 * Starts Postgres (unless DATABASE_URL names one), migrates it, and starts web, collab and one worker agent; resolves when
 * all of them answer. Whatever dies is started again. Errors (AppError) name the port, folder or disk at fault and the fix.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { root, env, say } = options;
  const home = homeAt(env.GESSO_HOME);
  const ports = portsOf(env);
  const address = env.GESSO_URL ?? `http://localhost:${ports.web}`;
  await prepareHome(home);
  await refuseFullDisk(home.folder);
  const lock = await lockHome(home.folder, address);
  const cleanup: (() => Promise<void>)[] = [() => lock.release()];
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= runBackwards(cleanup);
    return stopped;
  };
  try {
    await refuseTakenPorts({ PORT: ports.web, COLLAB_PORT: ports.collab });
    const databaseUrl = env.DATABASE_URL ?? (await startDatabase({ env, say, cleanup, lock }));
    const applied = await migrate(databaseUrl);
    if (applied.length > 0)
      say(`Database brought up to date (${applied.length} ${applied.length === 1 ? 'step' : 'steps'}).`);

    const shared = childEnv({
      NODE_ENV: options.nodeEnv,
      DATABASE_URL: databaseUrl,
      GESSO_HOME: home.folder,
      GESSO_SECRET: env.GESSO_SECRET ?? (await readSecret(home)),
      GESSO_URL: address,
      COLLAB_URL: env.COLLAB_URL ?? `ws://${new URL(address).hostname}:${ports.collab}`,
      PORT: String(ports.web),
      COLLAB_PORT: String(ports.collab),
      POSTGRES_PORT: String(ports.postgres),
      NEXT_TELEMETRY_DISABLED: '1',
      ORT_DISABLE_TELEMETRY: '1',
    });
    const children: SupervisedChild[] = [];
    cleanup.push(async () => {
      await Promise.all(children.map((child) => child.stop(graceMs)));
    });
    const [webScript, ...webArgs] = options.web;
    const parts = [
      { name: 'worker', script: join(root, 'workers/main.ts'), args: ['--pools', 'image'] },
      { name: 'collab', script: join(root, 'server/collab/main.ts'), args: [] },
      { name: 'web', script: webScript, args: webArgs },
    ];
    for (const part of parts) {
      children.push(
        superviseChild({ ...part, env: shared, logFile: join(home.logs, `${part.name}.log`) }, say),
      );
    }
    await waitForAnswer(`http://127.0.0.1:${ports.collab}/health`, 'collab', home.logs);
    await waitForAnswer(`http://127.0.0.1:${ports.web}/api/health`, 'web', home.logs);
    await waitForWorker(databaseUrl, home.logs);
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface DatabaseOptions {
  readonly env: Env;
  readonly say: (line: string) => void;
  readonly cleanup: (() => Promise<void>)[];
  readonly lock: HomeLock;
}

/** The embedded Postgres, kept alive: when it is killed it comes back on the same port, and its clients reconnect. */
async function startDatabase({ env, say, cleanup }: DatabaseOptions): Promise<string> {
  const home = homeAt(env.GESSO_HOME);
  const settings = {
    dataFolder: home.postgres,
    port: portsOf(env).postgres,
    logFile: join(home.logs, 'postgres.log'),
  };
  let stopping = false;
  let server: EmbeddedPostgres = await startEmbeddedPostgres(settings);
  await ensureDatabase(server, databaseName);

  const keepAlive = async (): Promise<void> => {
    for (;;) {
      const code = await server.exited;
      if (stopping) return;
      say(
        `The database stopped (exit ${code ?? 'by signal'}); starting it again. Nothing that was saved is lost.`,
      );
      for (;;) {
        try {
          server = await startEmbeddedPostgres(settings);
          break;
        } catch (error) {
          if (stopping) return;
          say(error instanceof Error ? error.message : String(error));
          await new Promise((next) => setTimeout(next, 2_000));
        }
      }
    }
  };
  const alive = keepAlive();
  cleanup.push(async () => {
    stopping = true;
    await server.stop();
    await alive;
  });
  return server.url(databaseName);
}

async function runBackwards(steps: (() => Promise<void>)[]): Promise<void> {
  for (const step of steps.toReversed()) await step();
}

async function refuseFullDisk(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= leastFreeBytes) return;
  throw new AppError(
    'out_of_space',
    `Only ${Math.round((bavail * bsize) / 1e6)} MB are free on the disk of ${folder}.`,
    {
      fix: 'Free at least 300 MB, or point GESSO_HOME at another disk.',
    },
  );
}

async function refuseTakenPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [variable, port] of Object.entries(ports)) {
    if (!(await isListening(port))) continue;
    throw new AppError('unavailable', `Port ${port} is already in use.`, {
      fix: `Stop the program that uses it, or choose another: ${variable}=${port + 10} npm start`,
    });
  }
}

/** A ready line before the first worker would invite people to press Generate and be refused. */
async function waitForWorker(databaseUrl: string, logs: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const deadline = Date.now() + 120_000;
    while (Date.now() < deadline) {
      const alive = await client.query(
        `select 1 from worker where "stoppedAt" is null and "heartbeatAt" > now() at time zone 'utc' - interval '10 s'
           and exists (select 1 from pg_locks where locktype = 'advisory' and classid = 4242 and objid = "lockKey")`,
      );
      if (alive.rowCount !== 0) return;
      await new Promise((next) => setTimeout(next, 150));
    }
  } finally {
    await client.end();
  }
  throw new AppError('unavailable', 'The worker did not start within two minutes.', {
    fix: `Read ${join(logs, 'worker.log')}; npx gesso doctor says whether the model pack is complete.`,
  });
}

async function waitForAnswer(url: string, name: string, logs: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((next) => setTimeout(next, 150));
  }
  throw new AppError('unavailable', `The ${name} process did not answer within two minutes.`, {
    fix: `Read ${join(logs, `${name}.log`)}.`,
  });
}
