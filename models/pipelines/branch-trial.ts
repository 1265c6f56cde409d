import type { ModelSession } from '../runtime/session.ts';

/** How the branches of guidance go through a network: as one batch, or one run for each. */
export type BranchWay = 'together' | 'one-by-one';

/** Finds out which way is faster, with runs that are needed anyway. */
export interface BranchTrial {
  /** The way that the next run takes: in turns at first, the faster one once both are measured. */
  readonly next: BranchWay;
  readonly settled: boolean;
  /** Takes the next way and measures it. A way that the network does not take is given up for the other. */
  run<T>(ways: Readonly<Record<BranchWay, () => Promise<T>>>): Promise<T>;
}

/** Runs of each way: the first sets up memory for its shape and does not count, of the others the fastest does. */
const ROUNDS = 4;

/** `now`: a clock in milliseconds. */
export function createBranchTrial(now: () => number = () => performance.now()): BranchTrial {
  const times: Readonly<Record<BranchWay, number[]>> = { together: [], 'one-by-one': [] };
  let settled: BranchWay | null = null;

  function next(): BranchWay {
    return settled ?? (times.together.length <= times['one-by-one'].length ? 'together' : 'one-by-one');
  }

  function settle(): void {
    if (times.together.length < ROUNDS || times['one-by-one'].length < ROUNDS) return;
    const fastest = (way: BranchWay): number => Math.min(...times[way].slice(1));
    settled = fastest('together') <= fastest('one-by-one') ? 'together' : 'one-by-one';
  }

  return {
    get next() {
      return next();
    },
    get settled() {
      return settled !== null;
    },
    async run(ways) {
      const way = next();
      if (settled !== null) return ways[way]();
      const started = now();
      try {
        const result = await ways[way]();
        times[way].push(now() - started);
        settle();
        return result;
      } catch {
        // A graph exported for one batch size, or a device without memory for the batch. When the network fails altogether,
        // the other way says so.
        const other = way === 'together' ? 'one-by-one' : 'together';
        const result = await ways[other]();
        settled = other;
        return result;
      }
    },
  };
}

/** A session belongs to one device, and what was measured on it is forgotten when it is closed. */
const trials = new WeakMap<ModelSession, Map<string, BranchTrial>>();

/** Returns the one trial of a network for samples of this shape under so many branches. */
export function branchTrialOf(
  network: ModelSession,
  shape: readonly number[],
  branches: number,
): BranchTrial {
  const known = trials.get(network) ?? new Map<string, BranchTrial>();
  trials.set(network, known);
  const key = `${branches} of ${shape.join(' × ')}`;
  const trial = known.get(key) ?? createBranchTrial();
  known.set(key, trial);
  return trial;
}
