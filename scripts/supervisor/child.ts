import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

export interface ChildSpec {
  readonly name: string;
  /** Script to run with this Node, and its arguments. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

export interface SupervisedChild {
  readonly name: string;
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process is gone. */
  stop(graceMs: number): Promise<void>;
}

const firstDelayMs = 500;
const longestDelayMs = 15_000;
/** A process that lived this long has recovered: the next restart is quick again. */
const healthyAfterMs = 30_000;

/**
 * Keeps a process running: restarts it when it ends, waiting twice as long after each quick death. `say` tells the person
 * at the terminal; everything the process prints goes to its log file.
 */
export function superviseChild(spec: ChildSpec, say: (line: string) => void): SupervisedChild {
  let current: ChildProcess | undefined;
  let stopping = false;
  let delay = firstDelayMs;
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    const log = createWriteStream(spec.logFile, { flags: 'a' });
    const startedAt = Date.now();
    const preload = join(import.meta.dirname, 'exit-with-parent.ts');
    const nodeArgs = [
      '--disable-warning=ExperimentalWarning',
      '--import',
      preload,
      spec.script,
      ...spec.args,
    ];
    const child = spawn(process.execPath, nodeArgs, { env: spec.env, stdio: ['ignore', 'pipe', 'pipe'] });
    current = child;
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('exit', (code, signal) => {
      log.end();
      if (stopping) return;
      if (Date.now() - startedAt > healthyAfterMs) delay = firstDelayMs;
      say(`${spec.name} stopped (${signal ?? `exit ${code}`}); starting it again. Its log: ${spec.logFile}`);
      timer = setTimeout(begin, delay);
      delay = Math.min(delay * 2, longestDelayMs);
    });
  }

  begin();
  return {
    name: spec.name,
    stop: async (graceMs) => {
      stopping = true;
      clearTimeout(timer);
      const child = current;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((settle) => child.once('exit', () => settle()));
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(force);
    },
  };
}
