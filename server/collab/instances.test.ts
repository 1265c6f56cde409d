import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import * as encoding from 'lib0/encoding';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeAwareness } from '../../shared/protocol/messages.ts';
import { isListening } from '../../platform/postgres/embedded.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, until } from './testing/harness.ts';
import { TcpProxy } from './testing/tcp-proxy.ts';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
const because = hasRedis ? '' : ' (skipped: no redis-server on this machine)';

let harness: Harness;
let redis: ChildProcess;
let line: TcpProxy;
let first: CollabServer;
let second: CollabServer;
let ada: Person;
let bob: Person;
// A test that fails in the middle must not leave the next one without a line.
afterEach(() => {
  if (hasRedis) line.mend();
});
beforeAll(async () => {
  if (!hasRedis) return;
  harness = await Harness.start();
  const port = await freePort();
  redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  });
  await until(() => isListening(port));
  line = await TcpProxy.start(port);
  first = await harness.startServer({ redisUrl: `redis://127.0.0.1:${port}` });
  second = await harness.startServer({ redisUrl: `redis://127.0.0.1:${line.port}` });
  ada = await harness.makePerson('editor');
  bob = await harness.makePerson('editor');
});
afterAll(async () => {
  if (!hasRedis) return;
  await harness.close();
  await line.close();
  redis.kill('SIGKILL');
});

test.runIf(hasRedis)(`[S1] an edit on one instance is seen on the other${because}`, async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(first, ada, canvas)).sync();
  const b = await (await harness.connect(second, bob, canvas)).sync();
  a.type('one ');
  await until(() => b.text === 'one ');
  b.type('two');
  await until(() => a.text === 'one two');
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('one two');
});

test.runIf(hasRedis)(`[S1] presence crosses, and goes when its owner goes${because}`, async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(first, ada, canvas)).sync();
  a.send(
    writeAwareness(
      encoding.encode((encoder) => {
        encoding.writeVarUint(encoder, 1);
        encoding.writeVarUint(encoder, a.doc.clientID);
        encoding.writeVarUint(encoder, 1);
        encoding.writeVarString(encoder, JSON.stringify({ cursor: [5, 5] }));
      }),
    ),
  );
  const b = await (await harness.connect(second, bob, canvas)).sync();
  const seen = () => b.awareness.findLast((entry) => entry.client === a.doc.clientID)?.state;
  await until(() => seen() !== undefined);
  expect(seen()).toMatchObject({ cursor: [5, 5], user: { id: ada.userId } });
  a.terminate();
  await until(() => seen() === null);
});

test.runIf(hasRedis)(
  `[S2] Redis gone: edits are still saved; live views heal when it is back${because}`,
  async () => {
    const canvas = await harness.makeCanvas();
    const a = await (await harness.connect(first, ada, canvas)).sync();
    const b = await (await harness.connect(second, bob, canvas)).sync();
    a.type('seen ');
    await until(() => b.text === 'seen ');
    line.cut();
    const before = a.acknowledgements.length;
    a.type('unseen ');
    await until(() => a.acknowledgements.length > before);
    b.type('other');
    await until(() => b.acknowledgements.some((one) => one.kind === 'update'));
    // Whether it sees the other edit already depends on whether it had to look into the log.
    expect(b.text).toContain('other');
    line.mend();
    await until(() => a.text === b.text && a.text.includes('unseen') && a.text.includes('other'), 15_000);
    expect((await harness.committed(canvas)).getText('prompt').toString()).toBe(a.text);
  },
);

test.runIf(hasRedis)(`[S2] a message that is lost is noticed by its number${because}`, async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(first, ada, canvas)).sync();
  const b = await (await harness.connect(second, bob, canvas)).sync();
  a.type('x');
  await until(() => b.text === 'x');
  // Committed behind everybody's back, as if its message had been lost; the next heartbeat or edit shows the gap.
  line.cut();
  a.edit((doc) => doc.getText('prompt').delete(0, 1));
  await until(async () => (await harness.committed(canvas)).getText('prompt').length === 0);
  line.mend();
  await until(() => b.text === '', 15_000);
});
