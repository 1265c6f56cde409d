import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { largestMessage, mostPerUserAndCanvas } from './limits.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, testOrigin } from './testing/harness.ts';
import { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
let canvas: string;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
  canvas = await harness.makeCanvas();
});
afterAll(() => harness.close());

test.each([
  ['none', null],
  ['null', 'null'],
  ['another host', 'http://evil.test'],
  ['another scheme', testOrigin.replace('http', 'https')],
  ['a longer host', `${testOrigin}.evil.test`],
  ['another port', `${testOrigin}:8080`],
  ['capitals', testOrigin.toUpperCase()],
])('[U1] origin %s is refused before the handshake', async (_, origin) => {
  const socket = await harness.connect(server, ada, canvas, { origin });
  await socket.closed;
  expect(socket.status).toBe(403);
});

test.each([
  '/',
  '/canvas:',
  '/canvas:x',
  '/canvas:../x:0',
  '/a/../canvas:x:0',
  '/canvas:%78:0',
  '/canvas:x:0/',
  '/canvas:x:-1',
  '/canvas:x:1e3',
  `/canvas:${'x'.repeat(65)}:0`,
  '/Canvas:x:0',
  '/canvas:x:0#y',
  'http://127.0.0.1/canvas:x:0',
])('[U2] path %s is refused', async (path) => {
  expect(await rawUpgrade(server.port, path)).toMatch(/^HTTP\/1\.1 404 /);
});

test('[U4] no ticket, a made-up one, a used one, an expired one, another canvas’s: 4401', async () => {
  const used = await harness.ticket(ada, canvas);
  await (await harness.connect(server, ada, canvas, { ticket: used })).sync();
  const expired = await harness.ticket(ada, canvas);
  await harness.db.database.collabTicket.updateMany({
    where: { usedAt: null },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
  const foreign = await harness.ticket(ada, await harness.makeCanvas());
  for (const ticket of ['', 'forged', 'A'.repeat(43), used, expired, foreign]) {
    const socket = await harness.connect(server, ada, canvas, { ticket });
    expect([ticket, (await socket.closed).code]).toEqual([ticket, 4401]);
    expect(socket.synced).toBe(false);
  }
});

test('[U5] somebody of another team, a canvas in the trash, one that never was: the same 4404', async () => {
  const stranger = await harness.makePerson(null);
  expect((await (await harness.connect(server, stranger, canvas)).closed).code).toBe(4404);
  expect((await (await harness.connect(server, ada, 'never-was')).closed).code).toBe(4404);
  const trashed = await harness.makeCanvas();
  await harness.db.database.canvas.update({ where: { id: trashed }, data: { deletedAt: new Date() } });
  expect((await (await harness.connect(server, ada, trashed)).closed).code).toBe(4404);
});

test('[U5] a session that ended after the ticket was issued: 4401', async () => {
  const guest = await harness.makePerson('editor');
  const ticket = await harness.ticket(guest, canvas);
  await harness.db.database.session.delete({ where: { id: guest.sessionId } });
  expect((await (await harness.connect(server, guest, canvas, { ticket })).closed).code).toBe(4401);
});

test('[U5] an epoch that is not the canvas’s: 4409', async () => {
  expect((await (await harness.connect(server, ada, canvas, { epoch: 1 })).closed).code).toBe(4409);
});

test('[U3] one person cannot hold a canvas with hundreds of sockets', async () => {
  const crowded = await harness.makeCanvas();
  for (let index = 0; index < mostPerUserAndCanvas; index += 1)
    await (await harness.connect(server, ada, crowded)).opened;
  expect((await (await harness.connect(server, ada, crowded)).closed).code).toBe(4529);
});

test('[U6] a message over 4 MiB closes the socket and reaches nobody', async () => {
  const socket = await (await harness.connect(server, ada, canvas)).sync();
  socket.send(new Uint8Array(largestMessage + 1));
  expect((await socket.closed).code).toBe(1009);
});

test('[U6] compression is not negotiated', async () => {
  const ticket = await harness.ticket(ada, canvas);
  const answer = await rawUpgrade(
    server.port,
    `/canvas:${canvas}:0?ticket=${ticket}`,
    'Sec-WebSocket-Extensions: permessage-deflate\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer.toLowerCase()).not.toContain('permessage-deflate');
});

test('a request that is no upgrade gets no canvas', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.port}/canvas:${canvas}:0`);
  expect(answer.status).toBe(404);
});

test('a socket that goes away while its ticket is checked leaves nothing behind', async () => {
  const ticket = await harness.ticket(ada, canvas);
  const socket = new TestSocket(
    `ws://127.0.0.1:${server.port}/canvas:${canvas}:0?ticket=${ticket}`,
    testOrigin,
  );
  socket.terminate();
  await socket.closed;
  const health: unknown = await (await fetch(`http://127.0.0.1:${server.port}/health`)).json();
  expect(health).toMatchObject({ state: 'ready' });
});

/** Sends an upgrade request by hand, path untouched, and returns the head of the answer. */
function rawUpgrade(port: number, path: string, more = ''): Promise<string> {
  return new Promise((settle, fail) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${testOrigin}\r\nConnection: Upgrade\r\n` +
          `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`,
      );
    });
    socket.once('data', (data) => {
      socket.destroy();
      settle(data.toString('latin1'));
    });
    socket.once('error', fail);
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')));
  });
}
