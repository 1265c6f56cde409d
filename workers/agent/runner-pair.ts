import { type RunnerOptions, type RunnerProcess, startRunner } from './runner-process.ts';

/** A runner with a warm spare behind it, so that a killed one is replaced in milliseconds. */
export interface RunnerPair {
  /** The runner to use now: the one in use, or the spare when that one is gone, or worn and idle. */
  take(): Promise<RunnerProcess>;
  /**
   * Replaces the runner in use before the next job that finds it idle: memory that native sessions held returns only with
   * the process.
   */
  retire(): void;
  /** How many jobs more of a pack the runner in use would take beside those it has. */
  room(pack: string): number;
  /** Process ids of the living, the one in use first. */
  pids(): readonly number[];
  close(): Promise<void>;
}

/** Jobs after which a runner is replaced. */
const mostRuns = 500;
const spareDelayMs = 1_000;
/** A runner that is not ready by then never will be. Loading a model on a busy machine may take half a minute. */
const startLimitMs = 120_000;

/** `describe` is asked at each start, since what to warm up may change. */
export function createRunnerPair(describe: () => RunnerOptions): RunnerPair {
  let active = startRunner(describe());
  let spare: RunnerProcess | undefined;
  let isWorn = false;
  let isClosed = false;

  // The spare's start would slow the job down that its predecessor left behind, so it waits a moment.
  function keepSpareSoon(): void {
    active.ready.then(
      () => setTimeout(keepSpare, spareDelayMs).unref(),
      () => undefined,
    );
  }

  function keepSpare(): void {
    if (isClosed || spare?.isAlive === true) return;
    spare = startRunner(describe());
  }

  const needsRest = () => isWorn || active.runs >= mostRuns;

  function replace(): void {
    const old = active;
    active = spare?.isAlive === true ? spare : startRunner(describe());
    spare = undefined;
    isWorn = false;
    if (old.isAlive) void old.kill();
    keepSpareSoon();
  }

  keepSpareSoon();
  return {
    async take() {
      for (let tries = 0; ; tries += 1) {
        if (isClosed) throw new Error('the runners are closed');
        if (!active.isAlive || (needsRest() && active.load === 0)) replace();
        const starting = active;
        const timer = setTimeout(() => void starting.kill(), startLimitMs);
        try {
          await starting.ready;
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
    room: (pack) => (active.isAlive && !needsRest() ? Math.max(0, active.lanesOf(pack) - active.load) : 0),
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
