import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { z } from 'zod';
import type { Log } from '../../platform/log.ts';
import type { LogName } from '../features/canvas-log/service.ts';
import { heartbeatInterval } from './limits.ts';
import { type PresenceEntry, presenceEntrySchema } from './presence.ts';

/** What a room hears from the other instances. */
export interface FanOutHandlers {
  /** An update that another instance has committed. */
  onUpdate(update: Uint8Array): void;
  onPresence(entries: readonly PresenceEntry[]): void;
  /** Something may have been missed: read the log. */
  onGap(): void;
  /** Another instance has opened the room and wants to know who is here. */
  onHello(): void;
}

/** A room's line to the other instances. */
export interface RoomChannel {
  publishUpdate(update: Uint8Array): void;
  publishPresence(entries: readonly PresenceEntry[]): void;
  /** Asks the others to say who is here, now that the answer can be taken. */
  askWhoIsHere(): void;
  close(): void;
}

export interface FanOut {
  join(name: LogName, handlers: FanOutHandlers): RoomChannel;
  close(): Promise<void>;
}

/** One instance: there is nobody to tell. */
export const noFanOut: FanOut = {
  join: () => ({
    publishUpdate: () => undefined,
    publishPresence: () => undefined,
    askWhoIsHere: () => undefined,
    close: () => undefined,
  }),
  close: async () => undefined,
};

const kinds = { update: 0, presence: 1, heartbeat: 2, hello: 3 } as const;
const presenceSchema = z.array(presenceEntrySchema);
const nothing = new Uint8Array();

interface Joined {
  readonly handlers: FanOutHandlers;
  /** Number of the last message that this instance sent to the room. */
  sent: number;
  /** Whether answers come through. */
  subscribed: boolean;
  /** Whether the room can take an answer. */
  asks: boolean;
  /** Number of the last message heard from each other instance. */
  readonly heard: Map<string, number>;
}

/**
 * Fan-out through Redis publish/subscribe ([S1], [S2]). Redis may lose any message: each carries its instance and a
 * number, so a listener notices a gap at the next message, or at the next heartbeat.
 */
export function openRedisFanOut(url: string, log: Log): FanOut {
  const instance = randomUUID();
  const joined = new Map<string, Joined>();
  const publisher = new Redis(url, { maxRetriesPerRequest: null, enableOfflineQueue: false });
  const subscriber = new Redis(url, { maxRetriesPerRequest: null, autoResubscribe: true });
  for (const client of [publisher, subscriber]) {
    client.on('error', (error: Error) => log.warn({ err: error.message }, 'redis'));
  }
  subscriber.on('ready', () => {
    for (const room of joined.values()) room.handlers.onGap();
  });
  // A hello that was said before the publisher was connected has reached nobody.
  publisher.on('ready', () => {
    for (const [channel, room] of joined) sayHello(channel, room);
  });
  subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
    const room = joined.get(channel.toString());
    if (room === undefined) return;
    try {
      receive(room, message);
    } catch (error) {
      log.error({ err: error }, 'a message from redis that does not parse');
    }
  });

  function receive(room: Joined, message: Uint8Array): void {
    const decoder = decoding.createDecoder(message);
    const from = decoding.readVarString(decoder);
    if (from === instance) return;
    const kind = decoding.readVarUint(decoder);
    const number = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    const last = room.heard.get(from);
    room.heard.set(from, number);
    const expected = kind === kinds.update ? number - 1 : number;
    if (last !== undefined && last !== expected) room.handlers.onGap();
    switch (kind) {
      case kinds.update:
        room.handlers.onUpdate(payload);
        break;
      case kinds.presence:
        room.handlers.onPresence(presenceSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8'))));
        break;
      case kinds.hello:
        room.handlers.onHello();
        break;
    }
  }

  function publish(channel: string, room: Joined, kind: number, payload: Uint8Array): void {
    // Only updates count: what is not durable needs no healing.
    if (kind === kinds.update) room.sent += 1;
    const message = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, instance);
      encoding.writeVarUint(encoder, kind);
      encoding.writeVarUint(encoder, room.sent);
      encoding.writeVarUint8Array(encoder, payload);
    });
    publisher.publish(channel, Buffer.from(message)).catch(() => undefined);
  }

  function sayHello(channel: string, room: Joined): void {
    if (room.subscribed && room.asks) publish(channel, room, kinds.hello, nothing);
  }

  const heartbeat = setInterval(() => {
    for (const [channel, room] of joined) publish(channel, room, kinds.heartbeat, nothing);
  }, heartbeatInterval);

  return {
    join: (name, handlers) => {
      const channel = `gesso:canvas:${name.canvasId}:${name.epoch}`;
      const room: Joined = { handlers, sent: 0, subscribed: false, asks: false, heard: new Map() };
      joined.set(channel, room);
      subscriber
        .subscribe(channel)
        .then(() => {
          if (joined.get(channel) !== room) return;
          // What was published between the load and the subscription.
          handlers.onGap();
          room.subscribed = true;
          sayHello(channel, room);
        })
        .catch(() => undefined);
      return {
        publishUpdate: (update) => publish(channel, room, kinds.update, update),
        publishPresence: (entries) =>
          publish(channel, room, kinds.presence, Buffer.from(JSON.stringify(entries))),
        askWhoIsHere: () => {
          room.asks = true;
          sayHello(channel, room);
        },
        close: () => {
          if (joined.get(channel) !== room) return;
          joined.delete(channel);
          subscriber.unsubscribe(channel).catch(() => undefined);
        },
      };
    },
    close: async () => {
      clearInterval(heartbeat);
      joined.clear();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
