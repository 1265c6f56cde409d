import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import type { CollabServer } from './server.ts';
import { Harness, type Person, until } from './testing/harness.ts';
import type { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let people: Person[];
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  people = await Promise.all([1, 2, 3].map(() => harness.makePerson('editor')));
});
afterAll(() => harness.close());

type Step =
  | { readonly kind: 'insert'; readonly who: number; readonly at: number; readonly text: string }
  | { readonly kind: 'delete'; readonly who: number; readonly at: number }
  | { readonly kind: 'set'; readonly who: number; readonly key: string; readonly value: number }
  | { readonly kind: 'drop'; readonly who: number }
  | { readonly kind: 'pause' };

const who = fc.nat({ max: 2 });
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      who,
      at: fc.nat(),
      text: fc.string({ minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), who, at: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      who,
      key: fc.constantFrom('a', 'b'),
      value: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
);

test('whatever people do and however often their lines break, all end with the same canvas, and it is the committed one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 5, maxLength: 60 }), async (steps) => {
      const canvas = await harness.makeCanvas();
      const sockets = await Promise.all(people.map((person) => open(person, canvas, new Y.Doc())));
      for (const step of steps) {
        if (step.kind === 'pause') {
          await new Promise((next) => setTimeout(next, 3));
          continue;
        }
        const socket = sockets[step.who];
        const person = people[step.who];
        if (socket === undefined || person === undefined) throw new Error('three people');
        if (step.kind === 'drop') {
          const kept = new Y.Doc();
          Y.applyUpdate(kept, Y.encodeStateAsUpdate(socket.doc));
          socket.terminate();
          sockets[step.who] = await open(person, canvas, kept);
        } else if (canEdit(socket, step)) socket.edit((doc) => change(doc, step));
      }
      await until(async () => {
        const committed = describe(await harness.committed(canvas));
        return sockets.every((socket) => describe(socket.doc) === committed);
      });
      for (const socket of sockets) expect(socket.doc.store.pendingStructs).toBeNull();
      for (const socket of sockets) socket.terminate();
    }),
    { numRuns: 40, verbose: 1 },
  );
});

async function open(person: Person, canvas: string, doc: Y.Doc): Promise<TestSocket> {
  const socket = await harness.connect(server, person, canvas);
  Y.applyUpdate(socket.doc, Y.encodeStateAsUpdate(doc));
  return socket.sync();
}

function canEdit(socket: TestSocket, step: Step): boolean {
  return step.kind !== 'delete' || socket.text.length > 0;
}

function change(doc: Y.Doc, step: Step): void {
  const text = doc.getText('prompt');
  if (step.kind === 'insert') text.insert(step.at % (text.length + 1), step.text);
  else if (step.kind === 'delete') text.delete(step.at % text.length, 1);
  else if (step.kind === 'set') doc.getMap('settings').set(step.key, step.value);
}

function describe(doc: Y.Doc): string {
  return JSON.stringify([
    doc.getText('prompt').toString(),
    [...doc.getMap('settings').entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
    [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort((a, b) => a[0] - b[0]),
  ]);
}
