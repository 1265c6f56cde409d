import { createServer } from 'node:http';
import type { Log } from '../../platform/log.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import { openDatabase } from '../../prisma/client.ts';
import {
  accessChangedChannel,
  canvasOutboxChannel,
  sessionEndedChannel,
} from '../../shared/contracts/generation.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { sweepTickets } from '../features/tickets/service.ts';
import { AccessWatch } from './access-watch.ts';
import { Baker } from './bake.ts';
import { Connection } from './connection.ts';
import { noFanOut, openRedisFanOut } from './fan-out.ts';
import { bakeInterval, mostPerUserAndCanvas, outboxInterval, pingInterval, stopPatience } from './limits.ts';
import { LogWriter } from './log-writer.ts';
import { Outbox } from './outbox.ts';
import { listenForNotices, openLogPool } from './postgres.ts';
import type { EditSender } from './edit-intake.ts';
import { Rooms } from './rooms.ts';
import { createUpgradeHandler } from './upgrade.ts';

export interface CollabServerOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Exact values of the Origin header that may connect. */
  readonly origins: readonly string[];
  /** Where baked mask tiles go. */
  readonly storage: AssetStore;
  readonly log: Log;
}

export interface CollabServer {
  readonly port: number;
  /** [G1] Commits what waits, sends everybody away, folds the logs. At most ten seconds. */
  stop(): Promise<void>;
}

/** Starts the collab server of SPEC.md; resolves when it listens. */
export async function startCollabServer(options: CollabServerOptions): Promise<CollabServer> {
  const { databaseUrl, log } = options;
  const database = openDatabase(databaseUrl, 6);
  const pool = openLogPool(databaseUrl);
  const writer = new LogWriter<EditSender>(pool);
  const fanOut = options.redisUrl === undefined ? noFanOut : openRedisFanOut(options.redisUrl, log);
  const rooms = new Rooms({ database, pool, writer, fanOut, log });
  const watch = new AccessWatch({ database, pool, rooms, log });
  const outbox = new Outbox({ database, rooms, log });
  const baker = new Baker({ database, storage: options.storage, log, now: () => performance.now() });
  let stopping = false;

  const handleUpgrade = createUpgradeHandler({
    database,
    origins: options.origins,
    log,
    countConnections: () => [...rooms.connections()].length,
    noticeCount: () => watch.notices,
    hasRoomFor: ({ user, canvasId }) => {
      let open = 0;
      for (const [, connection] of rooms.connections()) {
        if (connection.user.id === user.id && connection.canvasId === canvasId) open += 1;
      }
      return open < mostPerUserAndCanvas;
    },
    onOpen: ({ socket, stream, visitor, name, noticesBefore }) => {
      if (stopping) {
        socket.close(closeCodes.restart, 'the server restarts');
        return;
      }
      const room = rooms.open(name);
      const connection = new Connection({
        socket,
        stream,
        visitor,
        color: room.colorFor(visitor.user.id),
        now: () => performance.now(),
        onMessage: (from, message) => room.receive(from, message),
        onClose: (closed) => room.leave(closed),
      });
      room.join(connection);
      if (watch.notices !== noticesBefore) void watch.checkOne(room, connection);
    },
  });

  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/health') {
      response.writeHead(404).end();
      return;
    }
    void pool
      .query('select 1')
      .then(() => ({ status: 200, state: stopping ? 'stopping' : 'ready' }))
      .catch(() => ({ status: 503, state: 'no database' }))
      .then(({ status, state }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        const { rss } = process.memoryUsage();
        const connections = [...rooms.connections()].length;
        response.end(JSON.stringify({ state, rooms: rooms.size, connections, waiting: writer.size, rss }));
      });
  });
  server.on('upgrade', handleUpgrade);
  await new Promise<void>((settle, fail) => {
    server.once('error', fail);
    server.listen(options.port, options.host, settle);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  const listener = listenForNotices({
    url: databaseUrl,
    channels: [accessChangedChannel, sessionEndedChannel, canvasOutboxChannel],
    log,
    onNotice: (channel, payload) => {
      if (channel === accessChangedChannel) watch.onNotice(payload);
      else if (channel === sessionEndedChannel) watch.onSessionEnded();
      else outbox.wake();
    },
    onConnected: () => {
      void watch.checkAll();
      outbox.wake();
    },
  });
  watch.start();
  const timers = [
    setInterval(() => outbox.wake(), outboxInterval),
    setInterval(() => {
      for (const [, connection] of rooms.connections()) connection.ping();
      for (const room of rooms.all()) room.expirePresence();
    }, pingInterval),
    setInterval(() => void baker.look(rooms.all()), bakeInterval),
    setInterval(() => void sweepTickets(database).catch(() => undefined), 60_000),
  ];

  async function finish(): Promise<void> {
    for (const [, connection] of rooms.connections()) connection.mute();
    await Promise.all([outbox.stop(), baker.stop()]);
    await writer.drain();
    const unfolded = rooms.all().filter((room) => room.hasRows);
    rooms.end(closeCodes.restart, 'the server restarts');
    for (const room of unfolded) await room.compact();
    await listener.close();
    await fanOut.close();
    await database.$disconnect();
    await pool.end();
  }

  async function stopOnce(): Promise<void> {
    stopping = true;
    for (const timer of timers) clearInterval(timer);
    watch.stop();
    server.close();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((settle) => {
      timer = setTimeout(settle, stopPatience);
    });
    await Promise.race([finish(), patience]);
    clearTimeout(timer);
    server.closeAllConnections();
  }

  let stopped: Promise<void> | null = null;
  return {
    port,
    stop: () => {
      stopped ??= stopOnce();
      return stopped;
    },
  };
}
