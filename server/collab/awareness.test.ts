import * as encoding from 'lib0/encoding';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { writeAwareness, writeQueryAwareness } from '../../shared/protocol/messages.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, sleep, until } from './testing/harness.ts';
import type { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  bob = await harness.makePerson('viewer');
});
afterAll(() => harness.close());

async function pair(): Promise<{ a: TestSocket; b: TestSocket; canvas: string }> {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const b = await (await harness.connect(server, bob, canvas)).sync();
  return { a, b, canvas };
}

function show(socket: TestSocket, state: unknown, client = socket.doc.clientID, clock = 1): void {
  const update = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, JSON.stringify(state));
  });
  socket.send(writeAwareness(update));
}

const colorSchema = z.object({ user: z.object({ color: z.string() }) });

function latest(socket: TestSocket, client: number): unknown {
  return socket.awareness.findLast((entry) => entry.client === client)?.state;
}

test('[A3] who somebody is comes from the login, whatever the client says', async () => {
  const { a, b } = await pair();
  show(a, { cursor: [3, 4], user: { id: bob.userId, name: 'Bob', color: '#000' } });
  await until(() => latest(b, a.doc.clientID) !== undefined);
  const state = latest(b, a.doc.clientID);
  expect(state).toMatchObject({ cursor: [3, 4], user: { id: ada.userId, name: `Person ${ada.userId}` } });
  expect(JSON.stringify(state)).not.toContain('"#000"');
});

test('[A3] eight people have eight colours, one person one colour in two tabs, and a colour that is free again is given again', async () => {
  const canvas = await harness.makeCanvas();
  const people = await Promise.all(Array.from({ length: 8 }, () => harness.makePerson('viewer')));
  const watcher = await (await harness.connect(server, ada, canvas)).sync();
  const enter = async (person: Person) => {
    const socket = await (await harness.connect(server, person, canvas)).sync();
    show(socket, { cursor: [0, 0] });
    await until(() => latest(watcher, socket.doc.clientID) != null);
    return { socket, color: colorSchema.parse(latest(watcher, socket.doc.clientID)).user.color };
  };
  const seven: Awaited<ReturnType<typeof enter>>[] = [];
  for (const person of people.slice(0, 7)) seven.push(await enter(person));
  // The watcher has the eighth.
  const others = new Set(seven.map(({ color }) => color));
  expect(others.size).toBe(7);
  const second = await enter(people[0] ?? ada);
  expect(second.color).toBe(seven[0]?.color);
  seven[6]?.socket.terminate();
  await until(() => latest(watcher, seven[6]?.socket.doc.clientID ?? 0) === null);
  expect((await enter(people[7] ?? ada)).color).toBe(seven[6]?.color);
});

test('[A2] nobody can speak for another client id, nor take it away', async () => {
  const { a, b } = await pair();
  show(a, { cursor: [1, 1] });
  await until(() => latest(b, a.doc.clientID) !== undefined);
  show(b, { cursor: [9, 9] }, a.doc.clientID, 99);
  show(b, null, a.doc.clientID, 100);
  show(b, { cursor: [2, 2] });
  await until(() => latest(a, b.doc.clientID) !== undefined);
  expect(a.awareness.some((entry) => entry.client === a.doc.clientID)).toBe(false);
});

test('[A2] at most four client ids a connection', async () => {
  const { a, b } = await pair();
  for (let client = 1; client <= 10; client += 1) show(a, { n: client }, client);
  await until(() => b.awareness.length >= 4);
  await sleep(100);
  expect(new Set(b.awareness.map((entry) => entry.client)).size).toBe(4);
});

test('[A2] an id that was shown here cannot be written under by somebody else', async () => {
  const canvas = await harness.makeCanvas();
  const editor = await harness.makePerson('editor');
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const other = await (await harness.connect(server, editor, canvas)).sync();
  show(a, { cursor: [0, 0] });
  await until(() => latest(other, a.doc.clientID) !== undefined);
  other.doc.clientID = a.doc.clientID;
  other.type('first!');
  expect((await other.closed).code).toBe(4403);
  a.type('mine');
  await until(() => a.acknowledgements.some((one) => one.kind === 'update'));
});

test('[A4] who leaves disappears for everybody', async () => {
  const { a, b } = await pair();
  show(a, { cursor: [1, 1] });
  await until(() => latest(b, a.doc.clientID) !== undefined);
  a.terminate();
  await until(() => latest(b, a.doc.clientID) === null);
});

test('[A4] [A5] a client that returns before its old socket is gone stays visible', async () => {
  const { a, b, canvas } = await pair();
  show(a, { cursor: [1, 1] }, a.doc.clientID, 5);
  await until(() => latest(b, a.doc.clientID) !== undefined);
  const again = await (await harness.connect(server, ada, canvas)).sync();
  show(again, { cursor: [2, 2] }, a.doc.clientID, 6);
  await until(() => JSON.stringify(latest(b, a.doc.clientID) ?? null).includes('[2,2]'));
  a.terminate();
  await sleep(150);
  expect(JSON.stringify(latest(b, a.doc.clientID))).toContain('[2,2]');
});

test('[A5] clocks only grow, so nobody ignores a client that begins at zero again', async () => {
  const { a, b, canvas } = await pair();
  show(a, { n: 1 }, a.doc.clientID, 70);
  await until(() => b.awareness.length === 1);
  a.terminate();
  await until(() => latest(b, a.doc.clientID) === null);
  const again = await (await harness.connect(server, ada, canvas)).sync();
  show(again, { n: 2 }, a.doc.clientID, 0);
  await until(() => JSON.stringify(latest(b, a.doc.clientID)) !== 'null');
  const clocks = b.awareness.map((entry) => entry.clock);
  expect(clocks).toEqual([...clocks].sort((x, y) => x - y));
  expect(new Set(clocks).size).toBe(clocks.length);
});

test('[A5] many changes at once become few messages', async () => {
  const { a, b } = await pair();
  let messages = 0;
  b.socket.on('message', (data: Buffer) => {
    if (data[0] === 1) messages += 1;
  });
  for (let n = 1; n <= 25; n += 1) show(a, { n }, a.doc.clientID, n);
  await until(() => JSON.stringify(latest(b, a.doc.clientID) ?? null).includes('25'));
  expect(messages).toBeLessThan(6);
});

test('[A1] what is too big or too often is dropped, and the socket stays', async () => {
  const { a, b } = await pair();
  show(a, { big: 'x'.repeat(5_000) });
  for (let n = 0; n < 300; n += 1) show(a, { n }, a.doc.clientID, n + 1);
  await sleep(200);
  expect(a.socket.readyState).toBe(a.socket.OPEN);
  expect(JSON.stringify(latest(b, a.doc.clientID))).not.toContain('299');
  expect(JSON.stringify(b.awareness)).not.toContain('xxxx');
});

test('[A5] who comes later is shown who is here, and can ask again', async () => {
  const { a, canvas } = await pair();
  show(a, { cursor: [1, 1] });
  const late = await harness.connect(server, bob, canvas);
  await late.sync();
  await until(() => latest(late, a.doc.clientID) !== undefined);
  const before = late.awareness.length;
  late.send(writeQueryAwareness());
  await until(() => late.awareness.length > before);
});

test.each([
  ['not JSON', '{'],
  ['a number', '7'],
  ['a list', '[1]'],
])('[M1] an awareness state that is %s closes with 4400', async (_, text) => {
  const { a } = await pair();
  const update = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, a.doc.clientID);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, text);
  });
  a.send(writeAwareness(update));
  expect((await a.closed).code).toBe(4400);
});
