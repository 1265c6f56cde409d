import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { childEnv } from '../../platform/env.ts';

const readySchema = z.object({ workerId: z.string() });
const script = join(import.meta.dirname, '../main.ts');
/** Ends the worker when whoever started it is killed. */
const preload = join(import.meta.dirname, '../../scripts/supervisor/exit-with-parent.ts');

/** A worker agent in a process of its own, for faults that need one. */
export interface AgentProcess {
  readonly pid: number;
  /** Id of its row. */
  readonly workerId: string;
  readonly child: ChildProcess;
  /** Process ids of its runners. */
  runnerPids(): Promise<readonly number[]>;
  /** Resolves when the process is gone. */
  signal(signal: NodeJS.Signals): void;
  readonly gone: Promise<void>;
}

/** Starts `workers/main.ts` for probe jobs. Resolves when it says that it is ready. */
export async function startAgentProcess(options: {
  readonly databaseUrl: string;
  readonly home: string;
  readonly slots?: number;
  /** Jobs at once in each runner. */
  readonly lanes?: number;
  readonly probe?: boolean;
  readonly onLine?: (line: string) => void;
}): Promise<AgentProcess> {
  const args = [
    '--slots',
    String(options.slots ?? 1),
    ...(options.lanes === undefined ? [] : ['--lanes', String(options.lanes)]),
    ...(options.probe === false ? [] : ['--probe']),
  ];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', preload, script, ...args],
    {
      env: childEnv({ DATABASE_URL: options.databaseUrl, GESSO_HOME: options.home, LOG_LEVEL: 'info' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const workerId = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      options.onLine?.(line);
      if (line.includes('the worker is ready')) resolve(readySchema.parse(JSON.parse(line)).workerId);
    });
    child.once('exit', (code) => reject(new Error(`the worker ended at once with ${code}`)));
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    workerId,
    child,
    gone,
    runnerPids: () => childrenOf(pid),
    signal: (signal) => {
      child.kill(signal);
    },
  };
}

/** Process ids of the children of a process, from /proc. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  const names = await readdir('/proc');
  const found: number[] = [];
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    // "pid (command) state ppid …"; the command may hold spaces and brackets.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[1]) === parent) found.push(Number(name));
  }
  return found;
}
