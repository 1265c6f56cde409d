import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { writeSyncStep1, writeSyncStep2, writeUpdate } from '../../shared/protocol/messages.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, sleep, until } from './testing/harness.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
let viewer: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  viewer = await harness.makePerson('viewer');
});
afterAll(() => harness.close());

test.each([
  ['an unknown type', [42]],
  ['nothing', []],
  ['an acknowledgement of its own', [16, 1]],
  ['an auth message', [2, 0, 0]],
  ['a truncated update', [0, 2, 200, 1, 1]],
  ['two messages in one', [3, 3]],
  ['a state vector that is none', [0, 0, 3, 255, 255, 255]],
  ['an update that is none', [0, 2, 3, 255, 255, 255]],
])('[M1] %s closes with 4400 and harms nobody else', async (_, bytes) => {
  const canvas = await harness.makeCanvas();
  const calm = await (await harness.connect(server, viewer, canvas)).sync();
  const socket = await (await harness.connect(server, ada, canvas)).sync();
  socket.send(new Uint8Array(bytes));
  expect((await socket.closed).code).toBe(4400);
  expect(calm.socket.readyState).toBe(calm.socket.OPEN);
});

test('[M1] text closes with 4400', async () => {
  const socket = await (await harness.connect(server, ada, await harness.makeCanvas())).sync();
  socket.socket.send('hello');
  expect((await socket.closed).code).toBe(4400);
});

test('[M3] an editor is asked for what it has, a viewer is not', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const v = await (await harness.connect(server, viewer, canvas)).sync();
  expect(a.asked).toBe(1);
  expect(v.asked).toBe(0);
  expect([a.roles[0], v.roles[0]]).toEqual(['editor', 'viewer']);
});

test('[M4] a viewer reads, and changes nothing whatever it sends', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const v = await (await harness.connect(server, viewer, canvas)).sync();
  a.type('only Ada');
  await until(() => v.text === 'only Ada');
  const update = v.type(' and me');
  v.send(writeSyncStep2(update));
  v.send(writeSyncStep2(Y.encodeStateAsUpdate(v.doc)));
  await until(() => v.denials.length === 3);
  expect(v.acknowledgements).toEqual([]);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('only Ada');
  expect(a.text).toBe('only Ada');
  expect(v.socket.readyState).toBe(v.socket.OPEN);
});

test('[M4] the role counts as it is when the message arrives', async () => {
  const canvas = await harness.makeCanvas();
  const guest = await harness.makePerson('editor');
  const socket = await (await harness.connect(server, guest, canvas)).sync();
  socket.type('a');
  await until(() => socket.acknowledgements.length === 2);
  await harness.setRole(guest, 'viewer');
  await until(() => socket.roles.at(-1) === 'viewer');
  socket.type('b');
  await until(() => socket.denials.length === 1);
  await harness.setRole(guest, 'editor');
  await until(() => socket.acknowledgements.length === 3);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('ab');
});

test('[M5] a flood of edits is cut with a code that means "come back"', async () => {
  const canvas = await harness.makeCanvas();
  const socket = await (await harness.connect(server, ada, canvas)).sync();
  const empty = writeSyncStep1(Y.encodeStateVector(new Y.Doc()));
  for (let index = 0; index < 2_000; index += 1) socket.send(empty);
  expect((await socket.closed).code).toBe(4529);
});

test('[M6] a reader that has stopped is cut; the others do not notice', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const live = await (await harness.connect(server, viewer, canvas)).sync();
  const stuck = await (await harness.connect(server, viewer, canvas)).sync();
  stuck.socket.pause();
  const before = await countConnections();
  for (let index = 0; index < 30; index += 1) {
    const acknowledged = a.acknowledgements.length;
    a.edit((doc) => doc.getMap('meta').set('blob', new Uint8Array(1024 * 1024).fill(index)));
    await until(() => a.acknowledgements.length > acknowledged);
    await sleep(60);
  }
  await until(async () => (await countConnections()) === before - 1);
  await until(() => {
    const blob = live.doc.getMap('meta').get('blob');
    return blob instanceof Uint8Array && blob[0] === 29;
  });
});

test('an honest burst (a paste, a fast brush) is not cut', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  for (let index = 0; index < 300; index += 1)
    a.send(writeUpdate(a.prepare((doc) => doc.getArray('x').push([1]))));
  await until(async () => (await harness.committed(canvas)).getArray('x').length === 300);
  expect(a.socket.readyState).toBe(a.socket.OPEN);
});

async function countConnections(): Promise<number> {
  const health: unknown = await (await fetch(`http://127.0.0.1:${server.port}/health`)).json();
  if (typeof health !== 'object' || health === null || !('connections' in health))
    throw new Error('no count');
  return Number(health.connections);
}
