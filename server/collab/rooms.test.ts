import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { readLog } from '../features/canvas-log/service.ts';
import { writeUpdate } from '../../shared/protocol/messages.ts';
import { emptyRoomPatience, rowsBeforeCompaction } from './limits.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, sleep, until } from './testing/harness.ts';
import { TcpProxy } from './testing/tcp-proxy.ts';
import type { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  bob = await harness.makePerson('editor');
});
afterAll(() => harness.close());

function countRows(canvasId: string): Promise<number> {
  return harness.db.database.canvasUpdate.count({ where: { canvasId } });
}

test('[R1] messages sent while a room loads are answered when it is open', async () => {
  const canvas = await harness.makeCanvas();
  const sockets = await Promise.all(
    Array.from({ length: 8 }, async () => (await harness.connect(server, ada, canvas)).sync()),
  );
  sockets[0]?.type('together');
  await until(() => sockets.every((socket) => socket.text === 'together'));
});

test('[R1] [R4] an empty room folds its log and goes; the next visitor finds everything', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.type('left behind');
  await until(() => a.acknowledgements.length === 2);
  a.terminate();
  expect(await countRows(canvas)).toBe(1);
  await until(async () => (await countRows(canvas)) === 0, emptyRoomPatience + 5_000);
  const b = await (await harness.connect(server, bob, canvas)).sync();
  expect(b.text).toBe('left behind');
});

test('[R1] who comes while the room is being left keeps what was in flight', async () => {
  const canvas = await harness.makeCanvas();
  for (let round = 0; round < 10; round += 1) {
    const a = await (await harness.connect(server, ada, canvas)).sync();
    expect(a.text.length).toBe(round);
    a.type('x');
    await until(() => a.acknowledgements.some((one) => one.kind === 'update'));
    a.terminate();
  }
});

test('[R2] [E9] a log row that throws is left out and kept; the rest of the canvas opens', async () => {
  const canvas = await harness.makeCanvas();
  const good = new Y.Doc();
  good.getText('prompt').insert(0, 'good');
  await harness.db.database.canvasUpdate.createMany({
    data: [
      { canvasId: canvas, epoch: 0, update: new Uint8Array([9, 9, 9, 9, 9]) },
      { canvasId: canvas, epoch: 0, update: new Uint8Array(Y.encodeStateAsUpdate(good)) },
    ],
  });
  const a = await (await harness.connect(server, ada, canvas)).sync();
  expect(a.text).toBe('good');
  expect(await countRows(canvas)).toBe(2);
});

test('[E9] an edit that Yjs chokes on is taken out again, and its author is sent away', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const b = await (await harness.connect(server, bob, canvas)).sync();
  b.type('before');
  await until(() => a.text === 'before');
  // Maps in maps, thousands deep: deleting the outermost makes Yjs recurse through all of them.
  const deep = new Y.Doc();
  const updates: Uint8Array[] = [];
  let outer = deep.getMap<unknown>('layers');
  deep.transact(() => {
    for (let level = 0; level < 12_000; level += 1) {
      const inner = new Y.Map<unknown>();
      outer.set('k', inner);
      outer = inner;
    }
  });
  updates.push(Y.encodeStateAsUpdate(deep));
  a.socket.removeAllListeners('message');
  b.socket.removeAllListeners('message');
  for (const update of updates) a.send(writeUpdate(update));
  await until(async () => (await countRows(canvas)) === 2);
  a.send(writeUpdate(deletion(deep.clientID, 0, 1)));
  expect((await a.closed).code).toBe(4400);
  expect((await b.closed).code).toBe(4500);
  await until(async () => (await countRows(canvas)) === 2);
  const again = await (await harness.connect(server, bob, canvas)).sync();
  expect(again.text).toBe('before');
});

test('[R3] a room that cannot be loaded sends its visitors away to try again, and the next one loads', async () => {
  const canvas = await harness.makeCanvas();
  await harness.db.database.$executeRaw`alter table canvas_snapshot rename to canvas_snapshot_away`;
  const first = await harness.connect(server, ada, canvas);
  const { code } = await first.closed;
  await harness.db.database.$executeRaw`alter table canvas_snapshot_away rename to canvas_snapshot`;
  expect(code).toBe(4503);
  const second = await (await harness.connect(server, ada, canvas)).sync();
  second.type('ok');
  await until(() => second.acknowledgements.length === 2);
});

test('[R5] a compaction that fails costs nothing but space', async () => {
  const canvas = await harness.makeCanvas();
  const other = await harness.startServer();
  const a = await (await harness.connect(other, ada, canvas)).sync();
  a.type('kept');
  await until(() => a.acknowledgements.length === 2);
  await harness.db.database.$executeRaw`alter table canvas_snapshot rename to canvas_snapshot_away`;
  await other.stop();
  await harness.db.database.$executeRaw`alter table canvas_snapshot_away rename to canvas_snapshot`;
  expect(await countRows(canvas)).toBe(1);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('kept');
});

test('[R4] compaction under concurrent writers on two instances loses nothing', async () => {
  const canvas = await harness.makeCanvas();
  const other = await harness.startServer();
  const writers = await Promise.all(
    [server, other, server, other].map(async (at, index) =>
      (await harness.connect(at, index < 2 ? ada : bob, canvas)).sync(),
    ),
  );
  // Two people an instance, so each round of acknowledged edits is two rows there.
  const each = rowsBeforeCompaction / 2 + 50;
  for (let n = 0; n < each; n += 1) {
    for (const writer of writers) writer.edit((doc) => doc.getArray('log').push([`${doc.clientID}:${n}`]));
    await until(() => writers.every((writer) => acknowledgedOf(writer) > n));
  }
  await until(() => writers.every((writer) => acknowledgedOf(writer) >= each), 60_000);
  const compacted = async () =>
    (await readLog(harness.db.database, { canvasId: canvas, epoch: 0 })).snapshot !== null;
  await until(compacted, 20_000);
  const list = (await harness.committed(canvas)).getArray('log').toArray();
  expect(list).toHaveLength(each * 4);
  expect(new Set(list).size).toBe(each * 4);
});

test('[E4] [S3] without Redis, what another instance committed is found in the log before an edit is refused', async () => {
  const canvas = await harness.makeCanvas();
  const other = await harness.startServer();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const b = await (await harness.connect(other, bob, canvas)).sync();
  a.type('one ');
  await until(() => a.acknowledgements.length === 2);
  // Bob has seen Ada's edit (a page that moved from one instance to the other), his instance has not.
  Y.applyUpdate(b.doc, Y.encodeStateAsUpdate(a.doc), 'elsewhere');
  b.type('two');
  await until(() => b.acknowledgements.some((one) => one.kind === 'update'));
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('one two');
});

test('[E10] an edit moves the canvas to the front of its project', async () => {
  const canvas = await harness.makeCanvas();
  const stamp = async () =>
    (await harness.db.database.canvas.findUniqueOrThrow({ where: { id: canvas } })).updatedAt.getTime();
  const before = await stamp();
  await sleep(20);
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.type('x');
  await until(async () => (await stamp()) > before);
  const after = await stamp();
  a.type('y');
  await until(() => a.acknowledgements.length === 3);
  await sleep(50);
  expect(await stamp()).toBe(after);
});

test('[X4] [E8] Postgres goes away: everybody is sent away to try again, nothing is acknowledged, and it heals alone', async () => {
  const target = new URL(harness.db.url);
  const proxy = await TcpProxy.start(Number(target.port));
  target.port = String(proxy.port);
  const distant = await harness.startServer({ databaseUrl: target.toString() });
  const canvas = await harness.makeCanvas();
  const idle = await (await harness.connect(distant, bob, canvas)).sync();
  const a = await (await harness.connect(distant, ada, canvas)).sync();
  a.type('safe');
  await until(() => a.acknowledgements.length === 2);
  proxy.cut();
  a.type('?');
  const codes = (await Promise.all([a.closed, idle.closed])).map((closed) => closed.code);
  expect(codes).toEqual([4503, 4503]);
  expect(a.acknowledgements.length).toBe(2);
  proxy.mend();
  await until(async () => {
    const again = await harness.connect(distant, ada, canvas);
    Y.applyUpdate(again.doc, Y.encodeStateAsUpdate(a.doc), 'kept');
    await Promise.race([again.sync(), again.closed]);
    return again.synced;
  }, 15_000);
  await until(async () => (await harness.committed(canvas)).getText('prompt').toString() === 'safe?');
  await distant.stop();
  await proxy.close();
});

test('[X4] an idle room notices too', async () => {
  const target = new URL(harness.db.url);
  const proxy = await TcpProxy.start(Number(target.port));
  target.port = String(proxy.port);
  const distant = await harness.startServer({ databaseUrl: target.toString() });
  const idle = await (await harness.connect(distant, bob, await harness.makeCanvas())).sync();
  proxy.cut();
  expect((await idle.closed).code).toBe(4503);
  await distant.stop();
  await proxy.close();
});

function acknowledgedOf(socket: TestSocket): number {
  let sum = 0;
  for (const one of socket.acknowledgements) {
    if (one.kind === 'update') {
      for (const { length } of one.ranges.inserted) sum += length;
    }
  }
  return sum;
}

/** An update that only deletes. */
function deletion(client: number, clock: number, length: number): Uint8Array {
  const bytes: number[] = [0, 1];
  for (const value of [client, 1, clock, length]) {
    let left = value;
    for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
    bytes.push(left);
  }
  return new Uint8Array(bytes);
}
