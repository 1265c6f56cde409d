import pg from 'pg';

export interface Listener {
  /** True while the connection stands and every channel is listened to. */
  readonly isLive: boolean;
  /** Resolves when the listener is live, at once when it is. Rejects when it is closed before that. */
  whenLive(): Promise<void>;
  /** Closes the connection now, and with it every session lock. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** Runs on the fresh connection before it counts as live, at the first connect and after every loss. */
  readonly prepare?: (client: pg.Client) => Promise<void>;
  /** After each (re)connect: what was sent in between was missed. */
  readonly onLive?: () => void;
  readonly onError: (error: Error) => void;
}

const firstDelayMs = 50;
const longestDelayMs = 1_000;
const probeEveryMs = 5_000;

/**
 * One session that listens, reconnects by itself for as long as it takes, and notices a peer that vanished without a word
 * (a probe every 5 s on top of TCP keepalive). Needs a direct connection: LISTEN and session locks do not survive a
 * transaction pooler.
 */
export function openListener(options: ListenerOptions): Listener {
  let client: pg.Client | undefined;
  let isLive = false;
  let isClosed = false;
  let delay = firstDelayMs;
  let retry: NodeJS.Timeout | undefined;
  let waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  const probe = setInterval(() => {
    const probed = client;
    if (!isLive || probed === undefined) return;
    const timeout = setTimeout(
      () => drop(probed, new Error('the listening connection is silent')),
      probeEveryMs,
    );
    probed
      .query('select 1')
      .catch((error: Error) => drop(probed, error))
      .finally(() => clearTimeout(timeout));
  }, probeEveryMs);
  probe.unref();

  function drop(which: pg.Client, error: Error): void {
    if (which !== client) return;
    client = undefined;
    // One outage is one message, however many attempts it takes to come back.
    const isNews = isLive || delay === firstDelayMs;
    isLive = false;
    which.removeAllListeners('notification');
    which.end().catch(() => undefined);
    if (isClosed) return;
    if (isNews) options.onError(error);
    retry = setTimeout(connect, delay);
    delay = Math.min(delay * 2, longestDelayMs);
  }

  function connect(): void {
    const fresh = new pg.Client({
      connectionString: options.url,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      connectionTimeoutMillis: 5_000,
    });
    client = fresh;
    fresh.on('error', (error) => drop(fresh, error));
    fresh.on('end', () => drop(fresh, new Error('the listening connection ended')));
    fresh.on('notification', (message) => options.onNotification(message.channel, message.payload ?? ''));
    open(fresh).catch((error: Error) => drop(fresh, error));
  }

  async function open(fresh: pg.Client): Promise<void> {
    await fresh.connect();
    await options.prepare?.(fresh);
    for (const channel of options.channels) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
    if (fresh !== client) return;
    isLive = true;
    delay = firstDelayMs;
    for (const waiter of waiting) waiter.resolve();
    waiting = [];
    options.onLive?.();
  }

  connect();
  return {
    get isLive() {
      return isLive;
    },
    whenLive() {
      if (isLive) return Promise.resolve();
      if (isClosed) return Promise.reject(new Error('the listener is closed'));
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    async close() {
      isClosed = true;
      isLive = false;
      clearInterval(probe);
      clearTimeout(retry);
      for (const waiter of waiting) waiter.reject(new Error('the listener is closed'));
      waiting = [];
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}
