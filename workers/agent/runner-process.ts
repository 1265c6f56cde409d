import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { z } from 'zod';
import { runnerEnv } from '../../platform/env.ts';
import { fromRunnerSchema, type taskResultSchema, type ToRunner, type WarmUp } from '../runner/protocol.ts';
import type { OpenLanes, TaskProgress } from '../tasks/task.ts';

const script = join(import.meta.dirname, '../runner/main.ts');

/** How a run ended. A crash is everything that was not said: exit, signal, a broken message. */
export type RunOutcome =
  | { readonly kind: 'done'; readonly result: z.infer<typeof taskResultSchema>; readonly rss: number }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly fix: string;
      readonly detail: string;
    }
  | { readonly kind: 'crashed'; readonly how: string };

export interface RunnerProcess {
  readonly pid: number | undefined;
  readonly isAlive: boolean;
  /** Runs finished or begun so far. */
  readonly runs: number;
  /** Runs that have not ended. */
  readonly load: number;
  /** How many runs at once of a pack it says are worth it; 1 until it has the pack open and said so. */
  lanesOf(pack: string): number;
  /** Resolves when the process can work; rejects when it ended first. */
  readonly ready: Promise<void>;
  /** Starts one piece of work. */
  run(task: string, input: unknown, onProgress: (progress: TaskProgress) => void): Run;
  /** SIGKILL: the only thing that stops native code. Resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface RunnerOptions {
  /** An empty folder. */
  readonly cwd: string;
  /** What to load before the process counts as ready. */
  readonly warm: WarmUp;
}

/** One piece of work in a runner. */
export interface Run {
  /** Never rejects. */
  readonly ended: Promise<RunOutcome>;
  /** Asks it to stop at its next step. */
  cancel(): void;
}

interface CurrentRun {
  readonly onProgress: (progress: TaskProgress) => void;
  readonly settle: (outcome: RunOutcome) => void;
}

/** Starts a runner process. */
export function startRunner(options: RunnerOptions): RunnerProcess {
  const child = fork(script, [JSON.stringify(options.warm)], {
    cwd: options.cwd,
    env: runnerEnv(),
    // onnxruntime-node 1.30 reads nothing from a native Float16Array, so the class must not exist; and V8's middle compiler
    // keeps long tensor loops that it inlined at a sixth of their speed.
    execArgv: ['--no-js-float16array', '--no-maglev', '--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const current = new Map<number, CurrentRun>();
  let isAlive = true;
  let runs = 0;
  let open: OpenLanes | undefined;
  let becomeReady: () => void = () => undefined;
  let failReady: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve;
    failReady = reject;
  });
  // Whoever waits for it hears of it; a spare that dies unwatched is simply replaced.
  ready.catch(() => undefined);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));

  function end(how: string): void {
    isAlive = false;
    failReady(new Error(how));
    for (const run of [...current.keys()]) finish(run, { kind: 'crashed', how });
  }

  function finish(run: number, outcome: RunOutcome): void {
    const ending = current.get(run);
    current.delete(run);
    ending?.settle(outcome);
  }

  function send(message: ToRunner): void {
    // A process that died under our hands shows itself by its exit.
    child.send(message, () => undefined);
  }

  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal === null ? `exit ${code}` : signal));
  child.on('message', (raw) => {
    const parsed = fromRunnerSchema.safeParse(raw);
    if (!parsed.success) {
      child.kill('SIGKILL');
      return;
    }
    const message = parsed.data;
    switch (message.kind) {
      case 'ready':
        becomeReady();
        break;
      case 'lanes':
        open = message;
        break;
      case 'progress':
        current.get(message.run)?.onProgress(message);
        break;
      case 'done':
      case 'cancelled':
      case 'failed':
        finish(message.run, message);
        break;
    }
  });

  return {
    pid: child.pid,
    ready,
    get isAlive() {
      return isAlive;
    },
    get runs() {
      return runs;
    },
    get load() {
      return current.size;
    },
    lanesOf: (pack) => (open?.pack === pack ? open.lanes : 1),
    run(task, input, onProgress) {
      if (!isAlive) {
        return {
          ended: Promise.resolve({ kind: 'crashed', how: 'it was not running' }),
          cancel: () => undefined,
        };
      }
      runs += 1;
      const run = runs;
      const ended = new Promise<RunOutcome>((settle) => {
        current.set(run, { onProgress, settle });
        send({ kind: 'run', run, task, input });
      });
      return { ended, cancel: () => current.has(run) && send({ kind: 'cancel', run }) };
    },
    async kill() {
      // From now on nobody is given it, though it takes a moment to end.
      isAlive = false;
      child.kill('SIGKILL');
      await gone;
    },
  };
}
