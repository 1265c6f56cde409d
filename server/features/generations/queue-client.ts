import type { Log } from '../../../platform/log.ts';
import { type Boss, ensureQueue, openBoss } from '../../../platform/queue/boss.ts';

/** This process' door to the queue: opened at first use, one a database. */
export interface QueueClient {
  readonly boss: Boss;
  /** Makes sure that a queue exists; asks the database once a name. */
  prepare(queue: string): Promise<void>;
}

declare global {
  // Next reloads modules while one develops and bundles routes apart; connections must outlive both.
  var gessoQueueClients: Map<string, Promise<QueueClient>> | undefined;
}

function knownClients(): Map<string, Promise<QueueClient>> {
  globalThis.gessoQueueClients ??= new Map();
  return globalThis.gessoQueueClients;
}

export function queueClientOf(databaseUrl: string, log: Log): Promise<QueueClient> {
  const clients = knownClients();
  const known = clients.get(databaseUrl);
  if (known !== undefined) return known;
  const opening = open(databaseUrl, log);
  clients.set(databaseUrl, opening);
  // A database that is away at this moment must not be remembered as a failure.
  opening.catch(() => clients.delete(databaseUrl));
  return opening;
}

/** Closes what `queueClientOf` opened; for tests and a graceful stop. */
export async function closeQueueClients(): Promise<void> {
  const open = [...knownClients().values()];
  knownClients().clear();
  for (const client of await Promise.all(open)) await client.boss.stop({ graceful: false });
}

async function open(databaseUrl: string, log: Log): Promise<QueueClient> {
  const boss = await openBoss({
    url: databaseUrl,
    supervise: false,
    onError: (err) => log.warn({ err }, 'the queue lost its connection for a moment'),
  });
  const prepared = new Set<string>();
  return {
    boss,
    async prepare(queue) {
      if (prepared.has(queue)) return;
      await ensureQueue(boss, queue);
      prepared.add(queue);
    },
  };
}
