import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { z } from 'zod';
import { messageTypes, readAcknowledgement, syncTypes } from '../../../shared/protocol/messages.ts';
import { type LoadOrder, type LoadReport, loadOrderSchema, type Quantiles } from './load-order.ts';

/**
 * The load, in a process of its own. People here keep no document: each overwrites one key of a shared map, as a drag
 * does, in updates written by hand, and a few of them read what comes. So the load stays far cheaper than the server.
 */

/** People per room whose incoming updates are decoded. */
const watchersPerRoom = 4;
const order = loadOrderSchema.parse(JSON.parse(z.string().parse(process.argv[2])));

interface Measurements {
  on: boolean;
  readonly propagation: number[];
  readonly acknowledgement: number[];
  edits: number;
  frames: number;
  closed: number;
}

const measured: Measurements = {
  on: false,
  propagation: [],
  acknowledgement: [],
  edits: 0,
  frames: 0,
  closed: 0,
};

class Somebody {
  readonly clientId: number;
  readonly ready: Promise<void>;
  /** Next clock of each other person, as far as their edits have come here. */
  readonly seen = new Map<number, number>();
  clock = 0;
  readonly #socket: WebSocket;
  readonly #room: string;
  readonly #watches: boolean;
  readonly #sentAt = new Map<number, number>();
  #settle: () => void = () => undefined;

  constructor(who: {
    readonly url: string;
    readonly room: string;
    readonly clientId: number;
    readonly watches: boolean;
  }) {
    this.clientId = who.clientId;
    this.#room = who.room;
    this.#watches = who.watches;
    this.ready = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#socket = new WebSocket(who.url, { origin: order.origin, perMessageDeflate: false });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      measured.closed += 1;
    });
    this.#socket.on('open', () => this.#greet());
    this.#socket.on('message', (data: Buffer) => this.#receive(data));
  }

  edit(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    const content = new Uint8Array(16);
    new DataView(content.buffer).setFloat64(0, now);
    const update = encodeOverwrite(this.clientId, this.clock, content);
    this.#sentAt.set(this.clock, now);
    this.clock += 1;
    this.#send((encoder) => writeSync(encoder, syncTypes.update, update));
    if (measured.on) measured.edits += 1;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #greet(): void {
    if (order.framing === 'hocuspocus') {
      this.#send((encoder) => {
        encoding.writeVarUint(encoder, 2);
        encoding.writeVarUint(encoder, 0);
        encoding.writeVarString(encoder, 'token');
        encoding.writeVarString(encoder, '4.7.0');
      });
    }
    this.#send((encoder) => writeSync(encoder, syncTypes.step1, new Uint8Array([0])));
  }

  #send(write: (encoder: encoding.Encoder) => void): void {
    const message = encoding.encode((encoder) => {
      if (order.framing === 'hocuspocus') encoding.writeVarString(encoder, this.#room);
      write(encoder);
    });
    this.#socket.send(message);
  }

  #receive(data: Uint8Array): void {
    if (measured.on) measured.frames += 1;
    const decoder = decoding.createDecoder(data);
    if (order.framing === 'hocuspocus') decoding.readVarString(decoder);
    const type = decoding.readVarUint(decoder);
    // 4 is Hocuspocus's answer to a sync message, with the same body.
    if (type === messageTypes.sync || (order.framing === 'hocuspocus' && type === 4))
      this.#receiveSync(decoder);
    else if (type === messageTypes.acknowledged && order.framing === 'y-websocket') this.#receiveAck(decoder);
  }

  #receiveSync(decoder: decoding.Decoder): void {
    const type = decoding.readVarUint(decoder);
    if (type === syncTypes.step1) {
      this.#send((encoder) => writeSync(encoder, syncTypes.step2, new Uint8Array([0, 0])));
      return;
    }
    if (type === syncTypes.step2) this.#settle();
    if (!this.#watches || type !== syncTypes.update) return;
    const now = performance.now();
    for (const struct of Y.decodeUpdate(decoding.readVarUint8Array(decoder)).structs) {
      const { client, clock } = struct.id;
      if (client === this.clientId) continue;
      this.seen.set(client, Math.max(this.seen.get(client) ?? 0, clock + struct.length));
      if (!measured.on || !(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentBinary))
        continue;
      const { buffer, byteOffset } = struct.content.content;
      measured.propagation.push(now - new DataView(buffer, byteOffset).getFloat64(0));
    }
  }

  #receiveAck(decoder: decoding.Decoder): void {
    const acknowledgement = readAcknowledgement(decoder);
    if (acknowledgement.kind !== 'update') return;
    const now = performance.now();
    for (const { clock, length } of acknowledgement.ranges.inserted) {
      for (let at = clock; at < clock + length; at += 1) {
        const sent = this.#sentAt.get(at);
        this.#sentAt.delete(at);
        if (measured.on && sent !== undefined) measured.acknowledgement.push(now - sent);
      }
    }
  }
}

function writeSync(encoder: encoding.Encoder, type: number, payload: Uint8Array): void {
  encoding.writeVarUint(encoder, messageTypes.sync);
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, payload);
}

/** The Yjs update (v1) of `map.set(key of client, content)`: one item after the one before, and no deletions. */
function encodeOverwrite(client: number, clock: number, content: Uint8Array): Uint8Array {
  const binaryContent = 3;
  return encoding.encode((encoder) => {
    for (const value of [1, 1, client, clock]) encoding.writeVarUint(encoder, value);
    if (clock === 0) {
      encoding.writeUint8(encoder, binaryContent | 0x20);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, 'bench');
      encoding.writeVarString(encoder, `p${client}`);
    } else {
      encoding.writeUint8(encoder, binaryContent | 0x80 | 0x20);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock - 1);
    }
    encoding.writeVarUint8Array(encoder, content);
    encoding.writeVarUint(encoder, 0);
  });
}

async function connectAll({ rooms }: LoadOrder): Promise<Somebody[][]> {
  const together: Somebody[][] = [];
  let waiting: Promise<void>[] = [];
  let clientId = 1_000;
  for (const room of rooms) {
    const people: Somebody[] = [];
    for (const url of room.urls) {
      clientId += 1;
      const somebody = new Somebody({
        url,
        room: room.name,
        clientId,
        watches: people.length < watchersPerRoom,
      });
      people.push(somebody);
      waiting.push(somebody.ready);
      if (waiting.length < 25) continue;
      await Promise.all(waiting);
      waiting = [];
    }
    together.push(people);
  }
  await Promise.all(waiting);
  return together;
}

function quantilesOf(values: number[]): Quantiles {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Share of everybody's edits that came to those who were watched. */
function shareDelivered(rooms: readonly Somebody[][]): number {
  let expected = 0;
  let arrived = 0;
  for (const people of rooms) {
    for (const watcher of people.slice(0, watchersPerRoom)) {
      for (const other of people) {
        if (other === watcher) continue;
        expected += other.clock;
        arrived += Math.min(other.clock, watcher.seen.get(other.clientId) ?? 0);
      }
    }
  }
  return expected === 0 ? 0 : arrived / expected;
}

function report(message: LoadReport): void {
  process.send?.(message);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((next) => setTimeout(next, milliseconds));
}

const rooms = await connectAll(order);
const everybody = rooms.flat();
const period = 1_000 / order.perSecond;
const timers: NodeJS.Timeout[] = [];
for (const somebody of everybody) {
  // Spread over the period, so that the load is even.
  setTimeout(() => timers.push(setInterval(() => somebody.edit(), period)), Math.random() * period);
}
await sleep(order.warmUpSeconds * 1_000);
measured.on = true;
report({ kind: 'measuring' });
const began = performance.now();
await sleep(order.seconds * 1_000);
measured.on = false;
const elapsed = (performance.now() - began) / 1_000;
for (const timer of timers) clearInterval(timer);
await sleep(2_000);
report({
  kind: 'done',
  propagation: quantilesOf(measured.propagation),
  acknowledgement: quantilesOf(measured.acknowledgement),
  editsPerSecond: measured.edits / elapsed,
  framesPerSecond: measured.frames / elapsed,
  delivered: shareDelivered(rooms),
  closed: measured.closed,
});
for (const somebody of everybody) somebody.close();
process.disconnect?.();
