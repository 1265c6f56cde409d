import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CanvasConnection, openCanvasConnection } from '../../app/_editor/document/connection.ts';
import type { CollabServer } from '../../server/collab/server.ts';
import { Harness, type Person, testOrigin, until } from '../../server/collab/testing/harness.ts';
import { socketFrom } from './origin-socket.ts';

let harness: Harness;
let ada: Person;
let bob: Person;
let server: CollabServer;
const open = new Set<CanvasConnection>();

beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  bob = await harness.makePerson('editor');
});
afterEach(() => {
  for (const connection of open) connection.destroy();
  open.clear();
});
afterAll(() => harness.close());

function connect(person: Person, canvasId: string, port = server.port): CanvasConnection {
  const connection = openCanvasConnection({
    url: `ws://127.0.0.1:${port}`,
    canvasId,
    epoch: 0,
    user: { id: person.userId },
    getTicket: () => harness.ticket(person, canvasId),
    webSocket: socketFrom(testOrigin),
  });
  open.add(connection);
  return connection;
}

function kindsOf(connection: CanvasConnection): string[] {
  const kinds = [connection.status.get().kind as string];
  connection.status.subscribe(() => kinds.push(connection.status.get().kind));
  return kinds;
}

test('loading, then saved; saving after an edit, saved when it is in the database', async () => {
  const canvas = await harness.makeCanvas();
  const a = connect(ada, canvas);
  const kinds = kindsOf(a);
  await a.whenSaved();
  expect(a.role.get()).toBe('editor');
  a.doc.getText('prompt').insert(0, 'hello');
  expect(a.status.get().kind).toBe('saving');
  await a.whenSaved();
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('hello');
  expect(kinds).toContain('saving');
  expect(kinds[0]).toBe('loading');
  expect(kinds.at(-1)).toBe('saved');
});

test('a deletion alone is saving, too', async () => {
  const canvas = await harness.makeCanvas();
  const a = connect(ada, canvas);
  await a.whenSaved();
  a.doc.getText('prompt').insert(0, 'hello');
  await a.whenSaved();
  a.doc.getText('prompt').delete(0, 4);
  expect(a.status.get().kind).toBe('saving');
  await a.whenSaved();
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('o');
});

test('offline while the server is away; what was edited meanwhile is saved when it is back', async () => {
  const canvas = await harness.makeCanvas();
  const first = await harness.startServer();
  const a = connect(ada, canvas, first.port);
  await a.whenSaved();
  await first.stop();
  await until(() => a.status.get().kind === 'offline');
  a.doc.getText('prompt').insert(0, 'meanwhile');
  expect(a.status.get().kind).toBe('offline');
  const second = await harness.startServer({ port: first.port });
  await a.whenSaved();
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('meanwhile');
  await second.stop();
});

test('presence: others see one with the identity of the login, also after a reconnect', async () => {
  const canvas = await harness.makeCanvas();
  const first = await harness.startServer();
  const a = connect(ada, canvas, first.port);
  const b = connect(bob, canvas, first.port);
  await Promise.all([a.whenSaved(), b.whenSaved()]);
  a.awareness.setLocalStateField('cursor', [1, 2]);
  const seen = () => b.awareness.getStates().get(a.awareness.clientID);
  await until(() => seen()?.cursor !== undefined);
  expect(seen()).toMatchObject({ cursor: [1, 2], user: { id: ada.userId } });
  await first.stop();
  await until(() => seen() === undefined);
  await harness.startServer({ port: first.port });
  await until(() => seen()?.cursor !== undefined);
});

test('a person who is removed sees that the canvas is closed, and why', async () => {
  const canvas = await harness.makeCanvas();
  const guest = await harness.makePerson('editor');
  const a = connect(guest, canvas);
  await a.whenSaved();
  await harness.setRole(guest, null);
  await until(() => a.status.get().kind === 'closed');
  expect(a.status.get()).toEqual({ kind: 'closed', reason: 'not-allowed' });
  await expect(a.whenSaved()).rejects.toThrow('not-allowed');
});

test('a refusal of the ticket is final', async () => {
  const canvas = await harness.makeCanvas();
  const a = openCanvasConnection({
    url: `ws://127.0.0.1:${server.port}`,
    canvasId: canvas,
    epoch: 0,
    user: { id: ada.userId },
    getTicket: () => Promise.reject(Object.assign(new Error('no'), { data: { httpStatus: 404 } })),
    webSocket: socketFrom(testOrigin),
  });
  open.add(a);
  await until(() => a.status.get().kind === 'closed');
  expect(a.status.get()).toEqual({ kind: 'closed', reason: 'not-found' });
});

test('a viewer sees, is told the role, and counts as saved', async () => {
  const canvas = await harness.makeCanvas();
  const viewer = await harness.makePerson('viewer');
  const a = connect(ada, canvas);
  a.doc.getText('prompt').insert(0, 'look');
  const v = connect(viewer, canvas);
  await until(() => v.doc.getText('prompt').toString() === 'look');
  await v.whenSaved();
  expect(v.role.get()).toBe('viewer');
});
