import { type RunnerOptions, type RunnerProcess, startRunner } from './runner-process.ts';

/** A runner with a warm spare behind it, so that a killed one is replaced in milliseconds. */
export interface RunnerPair {
  /** The runner to use now: the one in use, or the spare when that one is gone or worn. */
  take(): Promise<RunnerProcess>;
  /** Replaces the runner in use before the next job: memory that native sessions held returns only with the process. */
  retire(): void;
  /** Process ids of the living, the one in use first. */
  pids(): readonly number[];
  close(): Promise<void>;
}

/** Jobs after which a runner is replaced. */
const mostRuns = 500;
/** A runner that is not ready by then never will be. A cold start on a busy machine takes ten seconds. */
const startLimitMs = 30_000;

export function createRunnerPair(options: RunnerOptions): RunnerPair {
  let active = startRunner(options);
  let spare: RunnerProcess | undefined;
  let isWorn = false;
  let isClosed = false;

  function keepSpare(): void {
    if (isClosed || spare?.isAlive === true) return;
    spare = startRunner(options);
  }

  function replace(): void {
    const old = active;
    active = spare?.isAlive === true ? spare : startRunner(options);
    spare = undefined;
    isWorn = false;
    if (old.isAlive) void old.kill();
  }

  return {
    async take() {
      for (let tries = 0; ; tries += 1) {
        if (isClosed) throw new Error('the runners are closed');
        if (!active.isAlive || isWorn || active.runs >= mostRuns) replace();
        const starting = active;
        const timer = setTimeout(() => void starting.kill(), startLimitMs);
        try {
          await starting.ready;
          keepSpare();
          return starting;
        } catch (error) {
          // One bad start may be chance; several in a row are not.
          if (tries >= 3) throw error;
        } finally {
          clearTimeout(timer);
        }
      }
    },
    retire() {
      isWorn = true;
    },
    pids: () =>
      [active, spare].flatMap((runner) =>
        runner?.isAlive === true && runner.pid !== undefined ? [runner.pid] : [],
      ),
    async close() {
      isClosed = true;
      await active.kill();
      await spare?.kill();
    },
  };
}
