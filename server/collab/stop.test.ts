import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { childEnv } from '../../platform/env.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import { Harness, type Person, sleep, testOrigin, until } from './testing/harness.ts';
import { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let ada: Person;
beforeAll(async () => {
  harness = await Harness.start();
  ada = await harness.makePerson('editor');
});
afterAll(() => harness.close());

test('[G1] stopping commits what has arrived, folds the log, and sends everybody away with 1012', async () => {
  const server = await harness.startServer();
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  for (let n = 0; n < 100; n += 1) a.type('x');
  await sleep(5);
  await server.stop();
  expect((await a.closed).code).toBe(1012);
  const kept = (await harness.committed(canvas)).getText('prompt').length;
  let acknowledged = 0;
  for (const one of a.acknowledgements) {
    if (one.kind === 'update') for (const { length } of one.ranges.inserted) acknowledged += length;
  }
  expect(kept).toBeGreaterThanOrEqual(acknowledged);
  expect(await harness.db.database.canvasUpdate.count({ where: { canvasId: canvas } })).toBe(0);
  const late = await harness.connect(server, ada, canvas);
  expect((await late.closed).code).toBe(1006);
});

test('[E6] a restart keeps everything that was acknowledged', async () => {
  const canvas = await harness.makeCanvas();
  let expected = 0;
  for (let round = 0; round < 3; round += 1) {
    const server = await harness.startServer();
    const a = await (await harness.connect(server, ada, canvas)).sync();
    expect(a.text.length).toBe(expected);
    a.type('abc');
    await until(() => a.acknowledgements.some((one) => one.kind === 'update'));
    expected += 3;
    await server.stop();
  }
});

test('[G1] [G2] the process says when it is ready, answers health, and ends on SIGTERM', async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: childEnv({
      DATABASE_URL: harness.db.url,
      COLLAB_PORT: String(port),
      GESSO_URL: testOrigin,
      LOG_LEVEL: 'info',
      REDIS_URL: '',
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = new Promise<number | null>((settle) => child.once('exit', settle));
  await until(() => output.includes('"event":"ready"'), 20_000);
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({ state: 'ready', connections: 0 });
  const canvas = await harness.makeCanvas();
  const ticket = await harness.ticket(ada, canvas);
  const socket = await new TestSocket(
    `ws://127.0.0.1:${port}/canvas:${canvas}:0?ticket=${ticket}`,
    testOrigin,
  ).sync();
  socket.type('through a real process');
  await until(() => socket.acknowledgements.length === 2);
  child.kill('SIGTERM');
  expect((await socket.closed).code).toBe(1012);
  expect(await exited).toBe(0);
  expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('through a real process');
});
