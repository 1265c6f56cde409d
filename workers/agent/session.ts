import { cancelChannel } from '../../shared/contracts/generation.ts';
import { type Listener, openListener } from '../../platform/queue/listener.ts';
import { wakeChannel, workerLockClass } from '../../platform/queue/names.ts';
import type { Log } from '../../platform/log.ts';

export interface SessionOptions {
  readonly url: string;
  readonly lockKey: number;
  readonly onWake: (queue: string) => void;
  readonly onCancel: (generationId: string) => void;
  readonly onLive: () => void;
  readonly log: Log;
}

/**
 * The connection that is this worker's life: while it stands, the worker's advisory lock is held (Q11) and wake and cancel
 * messages arrive.
 */
export function openSession(options: SessionOptions): Listener {
  const { url, lockKey, log } = options;
  return openListener({
    url,
    channels: [wakeChannel, cancelChannel],
    async prepare(client) {
      // After a network cut the server may still hold our last session, and with it the lock we need.
      await client.query(
        `select pg_terminate_backend(pid) from pg_locks
          where locktype = 'advisory' and classid = $1 and objid = $2 and objsubid = 2 and granted
            and database = (select oid from pg_database where datname = current_database())`,
        [workerLockClass, lockKey],
      );
      await client.query('select pg_advisory_lock($1, $2)', [workerLockClass, lockKey]);
    },
    onNotification(channel, payload) {
      if (channel === wakeChannel) options.onWake(payload);
      else options.onCancel(payload);
    },
    onLive: options.onLive,
    onError: (err) => log.warn({ err }, 'the database connection was lost; reconnecting'),
  });
}
