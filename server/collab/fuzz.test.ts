import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { writeSyncStep1, writeSyncStep2, writeUpdate } from '../../shared/protocol/messages.ts';
import { RoomDocument } from './room-document.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, until } from './testing/harness.ts';

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

/** A handful of real updates of different kinds, to mutate. */
function realUpdates(): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = 77;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const layer = new Y.Map<unknown>();
  doc.getText('prompt').insert(0, 'a red fox in the snow');
  doc.getText('prompt').delete(2, 3);
  doc.getText('prompt').format(0, 3, { bold: true });
  doc.getMap('layers').set('l1', layer);
  layer.set('xf', [1, 2, 3]);
  layer.set('strokes', new Y.Array());
  layer.set('strokes', Y.Array.from([{ points: new Uint8Array(40) }]));
  doc.getMap('layers').delete('l1');
  updates.push(Y.encodeStateAsUpdate(doc));
  return updates;
}

const seeds = realUpdates();
const mutationArbitrary = fc
  .record({
    base: fc.nat({ max: seeds.length - 1 }),
    flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
    cut: fc.option(fc.nat(), { nil: undefined, freq: 8 }),
    more: fc.uint8Array({ maxLength: 4 }),
  })
  .map(({ base, flips, cut, more }) => {
    const bytes = new Uint8Array([...(seeds[base] ?? []), ...more]);
    for (const [at, value] of flips) bytes[at % bytes.length] = value;
    return { base, update: cut === undefined ? bytes : bytes.slice(0, cut % (bytes.length + 1)) };
  });
const mutatedArbitrary = mutationArbitrary.map(({ update }) => update);

test('[E1] [E3] 20,000 mutated updates: nothing crashes, nothing is half applied, nothing stays pending', () => {
  let accepted = 0;
  let slowest = 0;
  fc.assert(
    fc.property(mutationArbitrary, ({ base, update }) => {
      const document = new RoomDocument(new Y.Doc(), new Map());
      document.apply(seeds.slice(0, base));
      const began = performance.now();
      const verdict = document.check(update, 'ada');
      slowest = Math.max(slowest, performance.now() - began);
      if (verdict.kind === 'new') {
        accepted += 1;
        expect(document.apply([verdict.update]).state).toBe('applied');
        expect(document.hasGap).toBe(false);
        const clocks = Y.decodeStateVector(Y.encodeStateVector(document.doc));
        for (const [client, end] of verdict.ends) expect(clocks.get(client)).toBe(end);
        // What was accepted reads back, as a client would read it.
        const copy = new Y.Doc();
        Y.applyUpdate(copy, Y.encodeStateAsUpdate(document.doc));
        expect(copy.store.pendingStructs).toBeNull();
        copy.destroy();
      }
      document.destroy();
    }),
    { numRuns: 20_000, verbose: 1 },
  );
  process.stdout.write(`accepted ${accepted} of 20,000; slowest check ${slowest.toFixed(1)} ms\n`);
  expect(accepted).toBeGreaterThan(1_000);
});

test('[M1] a socket that talks nonsense is closed; the room and the others go on', async () => {
  const canvas = await harness.makeCanvas();
  const calm = await (await harness.connect(server, bob, canvas)).sync();
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    mutatedArbitrary.map((update) => writeUpdate(update)),
    mutatedArbitrary.map((update) => writeSyncStep2(update)),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => writeSyncStep1(bytes)),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => new Uint8Array([1, bytes.length, ...bytes])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 30 }), async (messages) => {
      const socket = await (await harness.connect(server, ada, canvas)).sync();
      socket.answers = false;
      socket.socket.removeAllListeners('message');
      for (const message of messages) if (socket.socket.readyState === 1) socket.send(message);
      socket.socket.close();
      const { code } = await socket.closed;
      expect([1005, 4400, 4403, 4500]).toContain(code);
    }),
    { numRuns: 60, verbose: 1 },
  );
  calm.type('still works');
  await until(() => calm.acknowledgements.some((one) => one.kind === 'update'));
  expect(calm.socket.readyState).toBe(calm.socket.OPEN);
  const committed = await harness.committed(canvas);
  expect(committed.store.pendingStructs).toBeNull();
  expect(committed.getText('prompt').toString()).toContain('still works');
});
