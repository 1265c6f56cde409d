import * as decoding from 'lib0/decoding';
import { IndexeddbPersistence } from 'y-indexeddb';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { z } from 'zod';
import type { Role } from '../../../shared/contracts/generation.ts';
import { closeCodes, finalReason } from '../../../shared/protocol/close-codes.ts';
import { rangesOfUpdate } from '../../../shared/protocol/content-ranges.ts';
import {
  messageTypes,
  readAccess,
  readAcknowledgement,
  syncTypes,
  writeAwareness,
} from '../../../shared/protocol/messages.ts';
import { createStore, type Readable } from '../core/store.ts';
import { Unsaved } from './unsaved.ts';

/** Why a canvas closed for good. `read-only`: the person became a viewer while edits of theirs were under way. */
export type ClosedReason = NonNullable<ReturnType<typeof finalReason>> | 'read-only';

export type ConnectionStatus =
  /** Nothing to show yet. */
  | { readonly kind: 'loading' }
  /** Every local edit is committed in the database. */
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving' }
  /** Edits are kept in this browser until the server is back. */
  | { readonly kind: 'offline' }
  /** It will not come back by itself. */
  | { readonly kind: 'closed'; readonly reason: ClosedReason };

export interface CanvasConnectionOptions {
  /** Address of the collab server: ws://host:port or wss://host:port. */
  readonly url: string;
  readonly canvasId: string;
  readonly epoch: number;
  /** A fresh ticket; asked for before every (re)connection. An error with HTTP status 401, 403 or 404 is final. */
  readonly getTicket: () => Promise<string>;
  readonly user: { readonly id: string };
  /** Instead of the browser's, for tests. */
  readonly webSocket?: typeof WebSocket;
}

export interface CanvasConnection {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly status: Readable<ConnectionStatus>;
  /** What the server lets this person do; null until it has said so. */
  readonly role: Readable<Role | null>;
  /** Resolves when everything local is committed; rejects when the connection has closed for good. */
  whenSaved(): Promise<void>;
  destroy(): void;
}

/** Longest wait for IndexedDB before the document is opened without it. */
const storePatience = 3_000;
/** First and longest pause before another attempt; each is multiplied by a random half to one. */
const firstPause = 250;
const longestPause = 5_000;
/** [close code 4401] may mean a ticket that grew old on a slow line: so many new ones are tried. */
const mostTicketRetries = 3;

const refusedSchema = z.object({ data: z.object({ httpStatus: z.number() }) });

/**
 * Opens a canvas: the document, its presence, and an honest answer to "is it saved?". Edits are kept in IndexedDB under
 * canvas, epoch and person, sent as soon as there is a connection, and count as saved when the server has committed
 * them. Every page load writes under a client id of its own; the server knows which ids belong to the person, so edits
 * made offline in an earlier page load are accepted.
 */
export function openCanvasConnection(options: CanvasConnectionOptions): CanvasConnection {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const status = createStore<ConnectionStatus>({ kind: 'loading' });
  const role = createStore<Role | null>(null);
  const unsaved = new Unsaved();
  const store = openStore(options, doc);
  const provider = new WebsocketProvider(options.url, `canvas:${options.canvasId}:${options.epoch}`, doc, {
    connect: false,
    awareness,
    disableBc: true,
    resyncInterval: 30_000,
    ...(options.webSocket === undefined ? {} : { WebSocketPolyfill: options.webSocket }),
  });
  let closed: ClosedReason | null = null;
  let destroyed = false;
  let attempts = 0;
  let ticketRetries = 0;
  let hasContent = false;
  let failedOnce = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function refresh(): void {
    const next = currentStatus();
    const before = status.get();
    if (next.kind !== before.kind) status.set(next);
  }

  function currentStatus(): ConnectionStatus {
    if (closed !== null) return { kind: 'closed', reason: closed };
    if (!provider.wsconnected || !provider.synced)
      return { kind: hasContent || failedOnce ? 'offline' : 'loading' };
    return { kind: unsaved.isEmpty ? 'saved' : 'saving' };
  }

  function closeForGood(reason: ClosedReason): void {
    closed ??= reason;
    clearTimeout(timer);
    provider.disconnect();
    refresh();
  }

  async function connect(): Promise<void> {
    if (destroyed || closed !== null) return;
    try {
      provider.params = { ticket: await options.getTicket() };
    } catch (error) {
      const final = reasonOfRefusal(error);
      if (final !== null) closeForGood(final);
      else retryLater();
      return;
    }
    if (!destroyed && closed === null) provider.connect();
  }

  function retryLater(): void {
    failedOnce = true;
    refresh();
    if (destroyed || closed !== null) return;
    const pause = Math.min(longestPause, firstPause * 2 ** attempts) * (0.5 + Math.random() / 2);
    attempts += 1;
    clearTimeout(timer);
    timer = setTimeout(() => void connect(), pause);
  }

  provider.on('connection-close', (event) => {
    // y-websocket would come back by itself, with the ticket that it has used up.
    provider.shouldConnect = false;
    unsaved.disconnected();
    if (event?.code === closeCodes.notSignedIn && ticketRetries < mostTicketRetries) {
      ticketRetries += 1;
      retryLater();
      return;
    }
    const reason = event === null ? null : finalReason(event.code);
    if (reason !== null) closeForGood(reason);
    else retryLater();
  });
  provider.on('status', ({ status: state }) => {
    // A clock that the others already saw removed must grow before they show us again (y-websocket#122).
    if (state === 'connected' && awareness.getLocalState() !== null)
      awareness.setLocalState(awareness.getLocalState());
    refresh();
  });
  provider.on('sync', (synced) => {
    if (synced) {
      attempts = 0;
      ticketRetries = 0;
      hasContent = true;
    }
    refresh();
  });

  const sync = provider.messageHandlers[messageTypes.sync];
  provider.messageHandlers[messageTypes.sync] = (encoder, decoder, from, emitSynced, type) => {
    const asked = decoding.peekVarUint(decoder) === syncTypes.step1;
    sync?.(encoder, decoder, from, emitSynced, type);
    if (asked) unsaved.answerSent();
    refresh();
  };
  provider.messageHandlers[messageTypes.acknowledged] = (_, decoder) => {
    const acknowledgement = readAcknowledgement(decoder);
    if (acknowledgement.kind === 'everything') unsaved.answerCommitted();
    else unsaved.strikeOut(acknowledgement.ranges);
    refresh();
  };
  provider.messageHandlers[messageTypes.access] = (_, decoder) => {
    const held = readAccess(decoder);
    if (held === 'viewer') unsaved.nothingToReconcile();
    if (role.get() !== held) role.set(held);
    refresh();
  };
  provider.messageHandlers[messageTypes.auth] = () => closeForGood('read-only');

  const onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === provider || (store !== null && origin === store)) return;
    unsaved.enter(rangesOfUpdate(update));
    refresh();
  };
  doc.on('update', onUpdate);

  // y-websocket repeats everybody's presence to the server; ours alone is enough.
  awareness.off('update', provider._awarenessUpdateHandler);
  const onAwareness = (changes: Readonly<Record<'added' | 'updated' | 'removed', readonly number[]>>) => {
    const mine = [...changes.added, ...changes.updated, ...changes.removed].includes(awareness.clientID);
    if (!mine || !provider.wsconnected) return;
    provider.ws?.send(asBuffer(writeAwareness(encodeAwarenessUpdate(awareness, [awareness.clientID]))));
  };
  awareness.on('update', onAwareness);

  void loadStore(store).then(() => {
    if (destroyed) return;
    hasContent = doc.store.clients.size > 0;
    refresh();
    void connect();
  });

  return {
    doc,
    awareness,
    status,
    role,
    whenSaved: () => whenSaved(status),
    destroy: () => {
      destroyed = true;
      clearTimeout(timer);
      provider.destroy();
      doc.off('update', onUpdate);
      awareness.off('update', onAwareness);
      void store?.destroy();
      doc.destroy();
    },
  };
}

/**
 * Asks before the page is left while edits are on their way. Returns the function that stops asking.
 */
export function guardUnload(connection: Pick<CanvasConnection, 'status'>, page: Window): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (connection.status.get().kind === 'saving') event.preventDefault();
  };
  page.addEventListener('beforeunload', ask);
  return () => page.removeEventListener('beforeunload', ask);
}

function openStore(options: CanvasConnectionOptions, doc: Y.Doc): IndexeddbPersistence | null {
  if (typeof indexedDB === 'undefined') return null;
  return new IndexeddbPersistence(`gesso:${options.canvasId}:${options.epoch}:${options.user.id}`, doc);
}

/** Resolves when the browser's copy is in the document, or when it is not going to be (private windows, full disks). */
function loadStore(store: IndexeddbPersistence | null): Promise<unknown> {
  if (store === null) return Promise.resolve();
  return Promise.race([
    store.whenSynced,
    store._db.then(
      () => store.whenSynced,
      () => undefined,
    ),
    new Promise((next) => setTimeout(next, storePatience)),
  ]);
}

function whenSaved(status: Readable<ConnectionStatus>): Promise<void> {
  return new Promise((settle, fail) => {
    const check = (): boolean => {
      const now = status.get();
      if (now.kind === 'saved') settle();
      else if (now.kind === 'closed') fail(new Error(`the canvas closed: ${now.reason}`));
      else return false;
      return true;
    };
    if (check()) return;
    const stop = status.subscribe(() => {
      if (check()) stop();
    });
  });
}

function reasonOfRefusal(error: unknown): ClosedReason | null {
  const parsed = refusedSchema.safeParse(error);
  if (!parsed.success) return null;
  switch (parsed.data.data.httpStatus) {
    case 401:
      return 'signed-out';
    case 403:
      return 'not-allowed';
    case 404:
      return 'not-found';
    default:
      return null;
  }
}

/** A view that TypeScript knows is not on shared memory, as sockets want it. */
function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
