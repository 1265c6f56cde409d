import type { ModelSession, WeightPatch } from './session.ts';

export interface SessionLease {
  readonly session: ModelSession;
  /** Gives the session back; it may then be closed to make room. Calling it again does nothing. */
  release(): void;
}

/** Open sessions by path and change of weights, kept until memory is needed for others. */
export interface SessionCache {
  /** Opens a graph or reuses it. Two callers at once share one opening. */
  acquire(path: string, patch?: WeightPatch): Promise<SessionLease>;
  /** Measured bytes of all open sessions. */
  readonly memoryBytes: number;
  /** Sessions closed so far to make room. Allocators rarely give memory back, so a runner restarts after some of them. */
  readonly evictions: number;
  readonly openPaths: readonly string[];
  /** Closes every session. Rejects when a lease is still out. */
  close(): Promise<void>;
}

interface Entry {
  readonly opening: Promise<ModelSession>;
  session: ModelSession | null;
  leases: number;
  lastUse: number;
}

/**
 * Returns a cache that closes the least recently used idle session while the measured memory is above `budgetBytes`.
 *
 * One model larger than the budget is still opened, alone: refusing it would make the budget a hard limit on what can run.
 */
export function createSessionCache(options: {
  readonly budgetBytes: number;
  readonly open: (path: string, patch?: WeightPatch) => Promise<ModelSession>;
}): SessionCache {
  const entries = new Map<string, Entry>();
  let clock = 0;
  let evictions = 0;

  function memoryBytes(): number {
    return [...entries.values()].reduce((total, entry) => total + (entry.session?.memoryBytes ?? 0), 0);
  }

  async function makeRoom(): Promise<void> {
    while (memoryBytes() > options.budgetBytes) {
      const idle = [...entries].filter(([, entry]) => entry.leases === 0 && entry.session !== null);
      const oldest = idle.sort(([, a], [, b]) => a.lastUse - b.lastUse)[0];
      if (oldest === undefined) {
        return;
      }
      const [path, entry] = oldest;
      entries.delete(path);
      evictions += 1;
      await entry.session?.close();
    }
  }

  function startOpening(key: string, path: string, patch?: WeightPatch): Entry {
    const entry: Entry = { opening: options.open(path, patch), session: null, leases: 0, lastUse: clock };
    entries.set(key, entry);
    return entry;
  }

  return {
    async acquire(path, patch) {
      const key = patch === undefined ? path : `${path} with ${patch.key}`;
      const entry = entries.get(key) ?? startOpening(key, path, patch);
      // Counted before the wait, so that nobody closes the session between its opening and its first use.
      entry.leases += 1;
      let session: ModelSession;
      try {
        session = await entry.opening;
      } catch (error) {
        entries.delete(key);
        throw error;
      }
      entry.session = session;
      clock += 1;
      entry.lastUse = clock;
      await makeRoom();
      let released = false;
      return {
        session,
        release() {
          if (!released) {
            released = true;
            entry.leases -= 1;
          }
        },
      };
    },
    get memoryBytes() {
      return memoryBytes();
    },
    get evictions() {
      return evictions;
    },
    get openPaths() {
      return [...entries.keys()];
    },
    async close() {
      const busy = [...entries].filter(([, entry]) => entry.leases > 0).map(([path]) => path);
      if (busy.length > 0) {
        throw new Error(`sessions still in use: ${busy.join(', ')}`);
      }
      const sessions = await Promise.all([...entries.values()].map((entry) => entry.opening));
      entries.clear();
      for (const session of sessions) {
        await session.close();
      }
    },
  };
}
