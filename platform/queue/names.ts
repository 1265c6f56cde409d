import type { Pool } from '../../shared/contracts/generation.ts';

/** First key of the advisory lock that a living worker holds; the second is its row's `lockKey`. */
export const workerLockClass = 4242;

/** NOTIFY channel that wakes idle workers; the payload is the queue's name. */
export const wakeChannel = 'generation_wake';

/** Schema of pg-boss' own tables. */
export const bossSchema = 'pgboss';

/** Dead letters of every queue: copies of jobs that killed their worker too often. */
export const poisonQueue = 'poison';

/** Attempts that may end with a dead worker before a job is set aside. */
export const crashBudget = 3;

/** Name of the queue for one pool and model pack; a worker waits on the queues of the packs it has. */
export function queueNameOf(pool: Pool, pack: string): string {
  return `${pool}.${pack}`;
}
