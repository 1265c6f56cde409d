import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebsocketProvider } from 'y-websocket';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { writeSyncStep2, writeUpdate } from '../../shared/protocol/messages.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, sleep, testOrigin, until } from './testing/harness.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  bob = await harness.makePerson('owner');
});
afterAll(() => harness.close());

test('[M2] [E5] two people see what each other writes', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const b = await (await harness.connect(server, bob, canvas)).sync();
  a.type('fox ');
  await until(() => b.text === 'fox ');
  b.type('in snow');
  await until(() => a.text === 'fox in snow');
  const late = await (await harness.connect(server, ada, canvas)).sync();
  expect(late.text).toBe('fox in snow');
});

test('[E6] whatever is acknowledged is in the log already', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await until(() => a.acknowledgements.length === 1);
  expect(a.acknowledgements[0]).toEqual({ kind: 'everything' });
  for (const letter of 'durable') {
    const before = a.acknowledgements.length;
    const clock = a.text.length;
    a.type(letter);
    await until(() => a.acknowledgements.length > before);
    expect(a.acknowledgements.at(-1)).toEqual({
      kind: 'update',
      ranges: { inserted: [{ client: a.doc.clientID, clock, length: 1 }], deleted: [] },
    });
    expect((await harness.committed(canvas)).getText('prompt').toString()).toBe(a.text);
  }
});

test('[E6] a deletion is acknowledged by what it deletes', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.type('abc');
  await until(() => a.acknowledgements.length === 2);
  a.edit((doc) => doc.getText('prompt').delete(0, 2));
  await until(() => a.acknowledgements.length === 3);
  expect(a.acknowledgements.at(-1)).toEqual({
    kind: 'update',
    ranges: { inserted: [], deleted: [{ client: a.doc.clientID, clock: 0, length: 2 }] },
  });
});

test('[E5] an update that the database refuses is seen by nobody and acknowledged to nobody; [E8] all come back', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const b = await (await harness.connect(server, bob, canvas)).sync();
  a.type('kept');
  await until(() => b.text === 'kept');
  const acknowledged = a.acknowledgements.length;
  await harness.db.database
    .$executeRaw`alter table canvas_update add constraint refuse check ("canvasId" <> 'canvas-none') not valid`;
  await harness.db.database.$executeRawUnsafe(
    `alter table canvas_update drop constraint refuse, add constraint refuse check ("canvasId" <> '${canvas}') not valid`,
  );
  a.type('lost?');
  const [first, second] = await Promise.all([a.closed, b.closed]);
  await harness.db.database.$executeRaw`alter table canvas_update drop constraint refuse`;
  expect([first.code, second.code]).toEqual([4503, 4503]);
  expect(b.text).toBe('kept');
  expect(a.acknowledgements.length).toBe(acknowledged);
  // The client still has its edit, and brings it when it returns.
  const again = await harness.connect(server, ada, canvas);
  Y.applyUpdate(again.doc, Y.encodeStateAsUpdate(a.doc));
  await again.sync();
  await until(() => again.acknowledgements.some((one) => one.kind === 'everything'));
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('keptlost?');
});

test('[E8] a canvas that is deleted under its room costs no other room anything', async () => {
  const [gone, calm] = [await harness.makeCanvas(), await harness.makeCanvas()];
  const a = await (await harness.connect(server, ada, gone)).sync();
  const b = await (await harness.connect(server, bob, calm)).sync();
  // Both client ids are known before the deletion, so that only the log can fail.
  a.type('a');
  b.type('b');
  await until(() => a.acknowledgements.length === 2 && b.acknowledgements.length === 2);
  await harness.db.database.canvas.delete({ where: { id: gone } });
  a.type('lost');
  for (const letter of 'kept') b.type(letter);
  expect((await a.closed).code).toBe(4503);
  await until(async () => (await harness.committed(calm)).getText('prompt').toString() === 'bkept');
  expect(b.socket.readyState).toBe(b.socket.OPEN);
});

test('[E3] a gap is neither stored nor acknowledged; the server asks and gets the rest', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const asked = a.asked;
  a.answers = false;
  a.prepare((doc) => doc.getText('prompt').insert(0, 'skipped '));
  const acknowledged = a.acknowledgements.length;
  a.type('sent');
  await until(() => a.asked > asked);
  await sleep(50);
  expect(a.acknowledgements.length).toBe(acknowledged);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('');
  a.answers = true;
  a.send(writeSyncStep2(Y.encodeStateAsUpdate(a.doc)));
  await until(
    () => a.acknowledgements.at(-1)?.kind === 'everything' && a.acknowledgements.length > acknowledged,
  );
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('skipped sent');
});

test('[E3] a deletion of what is not there is a gap too', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.answers = false;
  const asked = a.asked;
  a.prepare((doc) => doc.getText('prompt').insert(0, 'never sent'));
  a.edit((doc) => doc.getText('prompt').delete(0, 3));
  await until(() => a.asked > asked);
  expect(await harness.db.database.canvasUpdate.count({ where: { canvasId: canvas } })).toBe(0);
});

test('[E2] nobody writes under the client id of somebody else', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.type('mine');
  await until(() => a.acknowledgements.length === 2);
  const b = await (await harness.connect(server, bob, canvas)).sync();
  b.doc.clientID = a.doc.clientID;
  b.type('forged');
  expect((await b.closed).code).toBe(4403);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('mine');
  expect(a.text).toBe('mine');
});

test('[E2] a poisoned clock of another client is refused before it is stored', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.type('x');
  await until(() => a.acknowledgements.length === 2);
  const b = await (await harness.connect(server, bob, canvas)).sync();
  // One block, one struct: client of Ada, clock 1, collected content of length 2^20, and no deletions.
  const poison = poisonedUpdate(a.doc.clientID, 1, 2 ** 20);
  b.send(writeUpdate(poison));
  expect((await b.closed).code).toBe(4403);
  a.type('y');
  await until(() => a.acknowledgements.length === 3);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('xy');
});

test('[E1] a length without bytes to show for it is refused even under the own id', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  a.send(writeUpdate(poisonedUpdate(a.doc.clientID, 0, 2 ** 30)));
  expect((await a.closed).code).toBe(4400);
});

test('[E2] edits of an earlier page load, under its client id, are still their author’s', async () => {
  const canvas = await harness.makeCanvas();
  const earlier = new Y.Doc();
  earlier.getText('prompt').insert(0, 'written offline');
  const a = await harness.connect(server, ada, canvas);
  Y.applyUpdate(a.doc, Y.encodeStateAsUpdate(earlier));
  await a.sync();
  await until(() => a.acknowledgements.length === 1);
  a.type(', and on');
  await until(() => a.acknowledgements.length === 2);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('written offline, and on');
});

test('an update that arrives twice is acknowledged twice and stored once', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const update = a.type('once');
  a.send(writeUpdate(update));
  await until(() => a.acknowledgements.some((one) => one.kind === 'update'));
  a.send(writeUpdate(update));
  await until(() => a.acknowledgements.filter((one) => one.kind === 'update').length >= 2);
  expect(await harness.db.database.canvasUpdate.count({ where: { canvasId: canvas } })).toBe(1);
});

test('[E7] what arrives while a commit is under way shares the next one', async () => {
  const canvas = await harness.makeCanvas();
  const sockets = await Promise.all(
    [ada, bob, ada, bob].map(async (person) => (await harness.connect(server, person, canvas)).sync()),
  );
  for (let n = 0; n < 50; n += 1) for (const socket of sockets) socket.type('x');
  await until(async () => (await harness.committed(canvas)).getText('prompt').length === 200);
  const [row] = await harness.db.database.$queryRaw<{ rows: bigint; commits: bigint }[]>`
    select count(*) as rows, count(distinct xmin::text) as commits from canvas_update where "canvasId" = ${canvas}`;
  expect(Number(row?.commits)).toBeLessThan(100);
  expect(Number(row?.rows)).toBeLessThanOrEqual(200);
});

test('the stock y-websocket client works, without knowing of acknowledgements', async () => {
  const canvas = await harness.makeCanvas();
  class FromStudio extends WebSocket {
    constructor(url: string) {
      super(url, { origin: testOrigin });
    }
  }
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${server.port}`, `canvas:${canvas}:0`, doc, {
    params: { ticket: await harness.ticket(ada, canvas) },
    WebSocketPolyfill: FromStudio as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  try {
    doc.getText('prompt').insert(0, 'from stock');
    const b = await (await harness.connect(server, bob, canvas)).sync();
    await until(() => b.text === 'from stock');
    b.type('!');
    await until(() => doc.getText('prompt').toString() === 'from stock!');
    provider.awareness.setLocalState({ cursor: [1, 2], user: { id: bob.userId, name: 'forged' } });
    await until(() => b.awareness.some((one) => JSON.stringify(one.state).includes('cursor')));
    expect(b.awareness.at(-1)?.state).toMatchObject({ cursor: [1, 2], user: { id: ada.userId } });
  } finally {
    provider.destroy();
    doc.destroy();
  }
});

/** An update with one collected struct of any length. */
function poisonedUpdate(client: number, clock: number, length: number): Uint8Array {
  return new Uint8Array([1, 1, ...varUint(client), ...varUint(clock), 0, ...varUint(length), 0]);
}

function varUint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  bytes.push(left);
  return bytes;
}
