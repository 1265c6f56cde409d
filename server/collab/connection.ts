import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Role } from '../../shared/contracts/generation.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { type ClientMessage, readClientMessage, writeAccess } from '../../shared/protocol/messages.ts';
import {
  awarenessRate,
  byteRate,
  editRate,
  largestAwareness,
  largestBacklog,
  messageRate,
  mostWaitingMessages,
} from './limits.ts';
import type { Identity } from './presence.ts';
import { TokenBucket } from './token-bucket.ts';

/** Who opened a socket, from its ticket. */
export interface Visitor {
  readonly user: Omit<Identity, 'color'>;
  readonly sessionId: string;
  readonly canvasId: string;
  readonly role: Role;
}

export interface ConnectionOptions {
  readonly socket: WebSocket;
  /** The stream under the socket. */
  readonly stream: Duplex;
  readonly visitor: Visitor;
  /** How the person is shown in the room. */
  readonly color: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Takes one message; a promise holds the following ones back until it settles. */
  readonly onMessage: (connection: Connection, message: ClientMessage) => Promise<void> | undefined;
  readonly onClose: (connection: Connection) => void;
}

/** One open socket: its limits ([M1], [M5], [M6], [A1]), its role as of now, and its messages in order. */
export class Connection {
  readonly user: Identity;
  readonly sessionId: string;
  readonly canvasId: string;
  /** Client ids that it was the first to write under ([E2]). */
  newClients = 0;

  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #messages: TokenBucket;
  readonly #edits: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #awareness: TokenBucket;
  readonly #rechecks: TokenBucket;
  #role: Role;
  #inbox: ClientMessage[] = [];
  #busy = false;
  #answered = true;
  #open = true;
  #muted = false;
  #gathering = false;

  constructor(options: ConnectionOptions) {
    const { socket, visitor, color } = options;
    const now = options.now();
    this.#socket = socket;
    this.#options = options;
    this.#messages = new TokenBucket(messageRate, now);
    this.#edits = new TokenBucket(editRate, now);
    this.#bytes = new TokenBucket(byteRate, now);
    this.#awareness = new TokenBucket(awarenessRate, now);
    this.#rechecks = new TokenBucket({ perSecond: 2, burst: 20 }, now);
    this.user = { ...visitor.user, color };
    this.sessionId = visitor.sessionId;
    this.canvasId = visitor.canvasId;
    this.#role = visitor.role;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#answered = true;
    });
    // 'close' follows every error; without a listener the error would end the process.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open = false;
      this.#inbox = [];
      options.onClose(this);
    });
  }

  get role(): Role {
    return this.#role;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** [M4] Holds from the next message on; the client is told. */
  setRole(role: Role): void {
    this.#role = role;
    this.send(writeAccess(role));
  }

  send(message: Uint8Array): void {
    if (!this.#open || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#gather();
    this.#socket.send(message);
    if (this.#socket.bufferedAmount > largestBacklog) this.terminate();
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#inbox = [];
    this.#socket.close(code, reason);
    // A peer that has stopped reading never completes the handshake.
    setTimeout(() => this.#socket.terminate(), 2_000).unref();
  }

  terminate(): void {
    this.#open = false;
    this.#inbox = [];
    this.#socket.terminate();
  }

  /** Cuts the socket when the last ping went unanswered, and sends the next. */
  ping(): void {
    if (!this.#open) return;
    if (!this.#answered) {
      this.terminate();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
    // Browsers do not show pings to y-websocket, which gives up after 30 s without a message.
    this.send(writeAccess(this.#role));
  }

  /** [G1] Hears nothing any more; what it says now is not acknowledged, so its client keeps it. */
  mute(): void {
    this.#muted = true;
    this.#inbox = [];
  }

  /** [E4] Whether it may make the room read its log for a message of its own. */
  mayRecheck(): boolean {
    return this.#rechecks.take(1, this.#options.now());
  }

  /** What is sent in one turn (an update and its acknowledgement, most often) leaves in one write. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { stream } = this.#options;
    stream.cork();
    process.nextTick(() => {
      this.#gathering = false;
      stream.uncork();
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#open || this.#muted) return;
    const now = this.#options.now();
    if (!this.#messages.take(1, now) || !this.#bytes.take(data.length, now)) {
      this.close(closeCodes.tooMany, 'too many messages');
      return;
    }
    let message: ClientMessage;
    try {
      if (!isBinary) throw new Error('text');
      message = readClientMessage(data);
    } catch {
      this.close(closeCodes.badInput, 'not a message');
      return;
    }
    if (message.kind === 'awareness') {
      if (message.update.length > largestAwareness || !this.#awareness.take(1, now)) return;
    } else if (!this.#edits.take(1, now)) {
      this.close(closeCodes.tooMany, 'too many edits');
      return;
    }
    if (this.#busy && this.#inbox.length >= mostWaitingMessages) {
      this.close(closeCodes.tooMany, 'too many messages at once');
      return;
    }
    this.#inbox.push(message);
    if (!this.#busy) this.#work();
  }

  #work(): void {
    for (let message = this.#inbox.shift(); message !== undefined; message = this.#inbox.shift()) {
      const done = this.#options.onMessage(this, message);
      if (done === undefined) continue;
      this.#busy = true;
      done
        .catch(() => this.close(closeCodes.internal, 'something went wrong'))
        .finally(() => {
          this.#busy = false;
          if (this.#open) this.#work();
        });
      return;
    }
  }
}
