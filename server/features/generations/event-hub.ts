import { z } from 'zod';
import type { Log } from '../../../platform/log.ts';
import { openListener } from '../../../platform/queue/listener.ts';
import {
  accessChangedChannel,
  type GenerationEvent,
  generationEventChannel,
  generationEventSchema,
} from '../../../shared/contracts/generation.ts';

/** What a subscriber is told: an event, or that some may have been missed and the lists should be read again. */
export type FeedEvent = GenerationEvent | { readonly kind: 'resync' };

export type HubMessage =
  | { readonly kind: 'event'; readonly event: FeedEvent }
  | { readonly kind: 'access-changed'; readonly organizationId: string; readonly userId: string };

export interface EventHub {
  /** Calls `hear` for every message until the returned function is called. */
  subscribe(hear: (message: HubMessage) => void): () => void;
  close(): Promise<void>;
}

const accessChangedSchema = z.object({ organizationId: z.string(), userId: z.string() });

declare global {
  // Next reloads modules while one develops and bundles routes apart; the connection must outlive both.
  var gessoEventHubs: Map<string, EventHub> | undefined;
}

function knownHubs(): Map<string, EventHub> {
  globalThis.gessoEventHubs ??= new Map();
  return globalThis.gessoEventHubs;
}

/** The hub of this process for a database: one listening connection, whoever subscribes. */
export function eventHubOf(databaseUrl: string, log: Log): EventHub {
  const known = knownHubs().get(databaseUrl);
  if (known !== undefined) return known;
  const hub = openHub(databaseUrl, log);
  knownHubs().set(databaseUrl, hub);
  return hub;
}

/** Closes what `eventHubOf` opened; for tests and a graceful stop. */
export async function closeEventHubs(): Promise<void> {
  const open = [...knownHubs().values()];
  knownHubs().clear();
  await Promise.all(open.map((hub) => hub.close()));
}

function openHub(databaseUrl: string, log: Log): EventHub {
  const listeners = new Set<(message: HubMessage) => void>();
  const tell = (message: HubMessage) => {
    for (const hear of listeners) hear(message);
  };
  const connection = openListener({
    url: databaseUrl,
    channels: [generationEventChannel, accessChangedChannel],
    onError: (err) => log.warn({ err }, 'the event feed lost its connection; it reconnects'),
    // What was sent while nobody listened is gone, so everybody reads the rows again.
    onLive: () => tell({ kind: 'event', event: { kind: 'resync' } }),
    onNotification: (channel, payload) => {
      const message = parseMessage(channel, payload);
      if (message === null) log.warn({ channel }, 'a notification could not be read');
      else tell(message);
    },
  });
  return {
    subscribe(hear) {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    close: () => connection.close(),
  };
}

function parseMessage(channel: string, payload: string): HubMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return null;
  }
  if (channel === accessChangedChannel) {
    const change = accessChangedSchema.safeParse(value);
    return change.success ? { kind: 'access-changed', ...change.data } : null;
  }
  const event = generationEventSchema.safeParse(value);
  return event.success ? { kind: 'event', event: event.data } : null;
}
