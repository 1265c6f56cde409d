import { afterAll, beforeAll, expect, test } from 'vitest';
import { canvasOutboxChannel } from '../../shared/contracts/generation.ts';
import { readCandidates, rootsOf } from '../../shared/document/canvas.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, sleep, until } from './testing/harness.ts';
import type { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
});
afterAll(() => harness.close());

function payload(generationId: string, outputs: readonly string[]) {
  return {
    generationId,
    requestedBy: ada.userId,
    prompt: 'a fox',
    frame: [0, 0, 256, 256],
    at: 1_700_000_000_000,
    outputs: outputs.map((id, seed) => ({ id, asset: 'a'.repeat(64), width: 256, height: 256, seed })),
  };
}

async function owe(canvasId: string, value: object, notify = true, kind = 'candidates'): Promise<void> {
  await harness.db.database.$transaction(async (transaction) => {
    await transaction.canvasOutbox.create({ data: { canvasId, kind, payload: value } });
    if (notify) await transaction.$executeRaw`select pg_notify(${canvasOutboxChannel}, ${canvasId})`;
  });
}

function candidatesOf(socket: TestSocket): string[] {
  return readCandidates(rootsOf(socket.doc).candidates).map((candidate) => candidate.id);
}

function rowsOf(canvasId: string): Promise<number> {
  return harness.db.database.canvasOutbox.count({ where: { canvasId } });
}

test('[O1] [O2] a row appears in the open canvas, is in the log, and is gone', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await owe(canvas, payload('g1', ['o1', 'o2']));
  await until(() => candidatesOf(a).length === 2);
  expect(await rowsOf(canvas)).toBe(0);
  expect(readCandidates(rootsOf(await harness.committed(canvas)).candidates)).toHaveLength(2);
});

test('[O1] a picture that takes a layer’s place arrives with it', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  const placement = { transform: [10, 20, 0.25, -0.25, 30], above: 'layer-1' };
  await owe(canvas, { ...payload('g8', ['o8']), placement });
  await until(() => candidatesOf(a).length === 1);
  expect(readCandidates(rootsOf(a.doc).candidates)[0]?.placement).toEqual(placement);
});

test('[O2] a canvas that nobody has open gets its row too, and without a notification', async () => {
  const canvas = await harness.makeCanvas();
  await owe(canvas, payload('g2', ['o3']), false);
  await until(async () => (await rowsOf(canvas)) === 0);
  const a = await (await harness.connect(server, ada, canvas)).sync();
  expect(candidatesOf(a)).toEqual(['o3']);
});

test('[O1] a retried job adds nothing twice', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await owe(canvas, payload('g3', ['o4']));
  await owe(canvas, payload('g3', ['o4', 'o5']));
  await until(() => candidatesOf(a).length === 2);
  await until(async () => (await rowsOf(canvas)) === 0);
  expect(candidatesOf(a).sort()).toEqual(['o4', 'o5']);
});

test('[O1] [O2] two instances share many rows without doing one twice or leaving one', async () => {
  const other = await harness.startServer();
  const canvas = await harness.makeCanvas();
  const ids = Array.from({ length: 60 }, (_, index) => `many${index}`);
  await Promise.all(ids.map((id, index) => owe(canvas, payload(`m${index}`, [id]))));
  await until(async () => (await rowsOf(canvas)) === 0, 20_000);
  const found = readCandidates(rootsOf(await harness.committed(canvas)).candidates).map((one) => one.id);
  expect([...found].sort()).toEqual([...ids].sort());
  await other.stop();
});

test('[O1] an instance that fails halfway leaves the row, and the next look does it once', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await harness.db.database.$executeRawUnsafe(
    `alter table canvas_update add constraint refuse check ("canvasId" <> '${canvas}') not valid`,
  );
  await owe(canvas, payload('g6', ['o6']));
  await sleep(300);
  expect(candidatesOf(a)).toEqual([]);
  expect(await rowsOf(canvas)).toBe(1);
  await harness.db.database.$executeRaw`alter table canvas_update drop constraint refuse`;
  await until(() => candidatesOf(a).length === 1);
  await until(async () => (await rowsOf(canvas)) === 0);
});

test('[O3] nobody can write under the server’s client id', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await owe(canvas, payload('g7', ['o7']));
  await until(() => candidatesOf(a).length === 1);
  const bound = await harness.db.database.canvasClient.findFirstOrThrow({
    where: { canvasId: canvas, userId: 'server' },
  });
  a.doc.clientID = Number(bound.clientId);
  a.type('forged');
  expect((await a.closed).code).toBe(4403);
});

test('[O3] an edit by the server and edits by people at once: all are there', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  for (let n = 0; n < 20; n += 1) {
    a.type('x');
    await owe(canvas, payload(`p${n}`, [`p${n}`]));
  }
  await until(() => candidatesOf(a).length === 20);
  const committed = await harness.committed(canvas);
  expect(committed.getText('prompt').length).toBe(20);
});

test('[O4] rows that do not parse stay and block nobody', async () => {
  const canvas = await harness.makeCanvas();
  const a = await (await harness.connect(server, ada, canvas)).sync();
  await owe(canvas, { nonsense: true });
  await owe(canvas, payload('g8', ['o8']), true, 'unknown-kind');
  await owe(canvas, payload('g9', ['o9']));
  await until(() => candidatesOf(a).length === 1);
  expect(candidatesOf(a)).toEqual(['o9']);
  expect(await rowsOf(canvas)).toBe(2);
});
