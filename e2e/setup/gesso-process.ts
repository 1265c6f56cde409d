import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { childEnv } from '../../platform/env.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';

const root = join(import.meta.dirname, '../..');

export interface GessoProcess {
  readonly address: string;
  /** Ctrl-C, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL to the supervisor, web, collab, worker, runner and Postgres at once. */
  cutPower(): Promise<void>;
}

export interface Ports {
  readonly web: number;
  readonly collab: number;
  readonly postgres: number;
}

export async function choosePorts(): Promise<Ports> {
  return { web: await freePort(), collab: await freePort(), postgres: await freePort() };
}

/** Runs `gesso start` in a process group of its own; resolves at its ready line. */
export async function startGesso(home: string, ports: Ports): Promise<GessoProcess> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts/gesso/main.ts'), 'start'],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnv({
        GESSO_HOME: home,
        PORT: String(ports.web),
        COLLAB_PORT: String(ports.collab),
        POSTGRES_PORT: String(ports.postgres),
      }),
    },
  );
  const ended = new Promise<void>((settle) => child.once('exit', () => settle()));
  const address = await readyAddress(child);
  return {
    address,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
    cutPower: async () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

function readyAddress(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((settle, fail) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const address = /Gesso is ready at (\S+)/.exec(output)?.[1];
      if (address !== undefined) settle(address);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => fail(new Error(`gesso start ended (${code}):\n${output}`)));
  });
}
