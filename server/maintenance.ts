import type { Env } from '../platform/env.ts';
import type { Log } from '../platform/log.ts';
import { openAssetStore } from '../platform/storage/open.ts';
import { openDatabase } from '../prisma/client.ts';
import { sweepAttempts } from './auth/backoff.ts';
import { addressesOf } from './config.ts';
import { sweepAssets } from './features/assets/service.ts';
import { sweepTickets } from './features/tickets/service.ts';

const everyMs = 60 * 60_000;
const oneDayMs = 24 * 60 * 60_000;

/**
 * Once an hour, removes what nobody can use any more: used tickets, forgiven sign-in attempts, and stored files older
 * than a day that no row names. Returns how to stop it. Several processes may do it at once without harm.
 */
export function startMaintenance(env: Env, log: Log): () => Promise<void> {
  const database = openDatabase(addressesOf(env).databaseUrl, 1);
  const storage = openAssetStore(env);
  let underway: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    try {
      const now = new Date();
      await sweepAttempts(database, now);
      await sweepTickets(database);
      const removed = await sweepAssets({ database, storage }, { now, minimumAgeMs: oneDayMs });
      if (removed > 0) log.info({ removed }, 'files without an owner were removed');
    } catch (error) {
      log.warn({ err: error }, 'the hourly clean-up failed; it is tried again in an hour');
    }
  }

  const timer = setInterval(() => {
    underway = underway.then(sweep);
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await underway;
    await database.$disconnect();
  };
}
