import * as decoding from 'lib0/decoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import {
  type Acknowledgement,
  messageTypes,
  readAccess,
  readAcknowledgement,
  syncTypes,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from '../../../shared/protocol/messages.ts';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client that speaks the protocol by hand, so that tests can also say what an honest client never would. */
export class TestSocket {
  readonly doc = new Y.Doc();
  readonly acknowledgements: Acknowledgement[] = [];
  readonly roles: string[] = [];
  readonly denials: string[] = [];
  /** Server's sync step 1, as often as it came. */
  asked = 0;
  readonly awareness: { client: number; clock: number; state: unknown }[] = [];
  /** HTTP status of a refused handshake. */
  status: number | null = null;
  synced = false;
  /** Whether it answers the server's sync step 1, as an honest client does. */
  answers = true;
  readonly opened: Promise<void>;
  readonly closed: Promise<Closed>;
  readonly socket: WebSocket;

  constructor(url: string, origin: string | null) {
    this.socket = new WebSocket(url, { ...(origin === null ? {} : { origin }), perMessageDeflate: false });
    this.socket.on('message', (data: Buffer) => this.#receive(data));
    this.opened = new Promise((settle) => this.socket.once('open', () => settle()));
    this.socket.on('unexpected-response', (_, response) => {
      this.status = response.statusCode ?? 0;
      this.socket.terminate();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((settle) =>
      this.socket.once('close', (code: number, reason: Buffer) =>
        settle({ code, reason: reason.toString() }),
      ),
    );
  }

  /** Opens, asks for the document, waits for it. */
  async sync(): Promise<this> {
    await this.opened;
    this.send(writeSyncStep1(Y.encodeStateVector(this.doc)));
    while (!this.synced && this.socket.readyState === WebSocket.OPEN)
      await new Promise((next) => setTimeout(next, 5));
    return this;
  }

  send(message: Uint8Array): void {
    this.socket.send(message);
  }

  /** Makes an edit here and sends it; returns the update. */
  edit(change: (doc: Y.Doc) => void): Uint8Array {
    const update = this.prepare(change);
    this.send(writeUpdate(update));
    return update;
  }

  /** Makes an edit here and does not send it. */
  prepare(change: (doc: Y.Doc) => void): Uint8Array {
    let made: Uint8Array | null = null;
    const keep = (update: Uint8Array) => {
      made = update;
    };
    this.doc.on('update', keep);
    this.doc.transact(() => change(this.doc), 'local');
    this.doc.off('update', keep);
    if (made === null) throw new Error('the edit changed nothing');
    return made;
  }

  type(text: string): Uint8Array {
    return this.edit((doc) => doc.getText('prompt').insert(doc.getText('prompt').length, text));
  }

  get text(): string {
    return this.doc.getText('prompt').toString();
  }

  terminate(): void {
    this.socket.terminate();
    this.doc.destroy();
  }

  #receive(data: Buffer): void {
    const decoder = decoding.createDecoder(data);
    switch (decoding.readVarUint(decoder)) {
      case messageTypes.sync:
        this.#receiveSync(decoder);
        break;
      case messageTypes.awareness:
        this.#receiveAwareness(decoding.readVarUint8Array(decoder));
        break;
      case messageTypes.auth:
        decoding.readVarUint(decoder);
        this.denials.push(decoding.readVarString(decoder));
        break;
      case messageTypes.acknowledged:
        this.acknowledgements.push(readAcknowledgement(decoder));
        break;
      case messageTypes.access:
        this.roles.push(readAccess(decoder));
        break;
    }
  }

  #receiveSync(decoder: decoding.Decoder): void {
    const type = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    if (type === syncTypes.step1) {
      this.asked += 1;
      if (this.answers) this.send(writeSyncStep2(Y.encodeStateAsUpdate(this.doc, payload)));
      return;
    }
    Y.applyUpdate(this.doc, payload, 'server');
    if (type === syncTypes.step2) this.synced = true;
  }

  #receiveAwareness(update: Uint8Array): void {
    const decoder = decoding.createDecoder(update);
    for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
      this.awareness.push({
        client: decoding.readVarUint(decoder),
        clock: decoding.readVarUint(decoder),
        state: JSON.parse(decoding.readVarString(decoder)),
      });
    }
  }
}
