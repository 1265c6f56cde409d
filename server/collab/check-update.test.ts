import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { checkUpdate, type Surroundings } from './check-update.ts';
import { RoomDocument } from './room-document.ts';
import { TokenBucket } from './token-bucket.ts';

const nobodyElse: Surroundings = { clockOf: () => 0, isDeleted: () => false, mayWrite: () => true };

/** The updates that each of `edits` makes of one document. */
function updatesOf(...edits: readonly ((doc: Y.Doc) => void)[]): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const edit of edits) doc.transact(() => edit(doc));
  return updates;
}

function check(update: Uint8Array, before: readonly Uint8Array[] = []) {
  const document = new RoomDocument(new Y.Doc(), new Map());
  document.apply(before);
  return document.check(update, 'ada');
}

test('[E1] an ordinary edit is new, and again is known', () => {
  const [first = new Uint8Array()] = updatesOf((doc) => doc.getText('t').insert(0, 'hello'));
  expect(check(first)).toMatchObject({
    kind: 'new',
    ranges: { inserted: [{ client: 1, clock: 0, length: 5 }] },
  });
  expect(check(first, [first])).toMatchObject({ kind: 'known' });
});

test('[E3] a second edit without the first is missing, and so is a deletion without its target', () => {
  const [first, second, third] = updatesOf(
    (doc) => doc.getText('t').insert(0, 'one'),
    (doc) => doc.getText('t').insert(3, 'two'),
    (doc) => doc.getText('t').delete(0, 2),
  );
  if (!first || !second || !third) throw new Error('three updates');
  expect(check(second)).toEqual({ kind: 'missing' });
  expect(check(third)).toEqual({ kind: 'missing' });
  expect(check(Y.mergeUpdates([first, second, third]))).toMatchObject({ kind: 'new' });
  expect(check(Y.mergeUpdates([first, third]))).toMatchObject({ kind: 'new' });
});

test('[E3] edits of several clients that build on each other in turn are accepted as one update', () => {
  const a = new Y.Doc();
  const b = new Y.Doc();
  a.clientID = 5;
  b.clientID = 9;
  for (let turn = 0; turn < 20; turn += 1) {
    const [from, to] = turn % 2 === 0 ? [a, b] : [b, a];
    from.getText('t').insert(from.getText('t').length, `${turn} `);
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
  }
  expect(check(Y.encodeStateAsUpdate(a))).toMatchObject({ kind: 'new' });
});

test('[E3] whatever passes leaves nothing pending in Yjs', () => {
  const [first, second] = updatesOf(
    (doc) => doc.getArray('a').push([1]),
    (doc) => doc.getArray('a').push([2]),
  );
  if (!first || !second) throw new Error('two updates');
  const document = new RoomDocument(new Y.Doc(), new Map());
  for (const update of [second, first, second]) {
    const verdict = document.check(update, 'ada');
    if (verdict.kind === 'new') document.apply([verdict.update]);
  }
  expect(document.hasGap).toBe(false);
  expect(document.doc.getArray('a').toArray()).toEqual([1, 2]);
});

test('[E2] content under an id of somebody else is foreign, whatever else is in the update', () => {
  const mine = updatesOf((doc) => doc.getText('t').insert(0, 'x'))[0] ?? new Uint8Array();
  expect(checkUpdate(mine, { ...nobodyElse, mayWrite: (client) => client !== 1 })).toEqual({
    kind: 'foreign',
    client: 1,
  });
  // Echoing what is there already is not writing.
  expect(checkUpdate(mine, { ...nobodyElse, mayWrite: () => false, clockOf: () => 1 })).toMatchObject({
    kind: 'known',
  });
});

test.each<[string, number[]]>([
  ['a collected struct of 2^30', [1, 1, 1, 0, 0, 128, 128, 128, 128, 4, 0]],
  ['an empty collected struct', [1, 1, 1, 0, 0, 0, 0]],
  ['an empty string', [1, 1, 1, 0, 4, 1, 1, 116, 0, 0]],
  ['an empty deletion', [0, 1, 1, 1, 0, 0]],
  ['an unknown kind of content', [1, 1, 1, 0, 31, 1, 1, 116, 0]],
  ['a client id over 32 bits', [1, 1, 128, 128, 128, 128, 128, 1, 0, 0, 1, 0]],
  ['a client whose blocks are two', [2, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0]],
  ['a reference to itself', [1, 1, 1, 0, 132, 1, 0, 1, 120, 0]],
  ['more structs than bytes', [1, 255, 255, 3, 1, 0, 0, 1]],
])('[E1] %s is malformed', (_, bytes) => {
  expect(checkUpdate(new Uint8Array(bytes), nobodyElse).kind).toBe('malformed');
});

test('[E1] what is there already is left out of what is stored', () => {
  const [first, second] = updatesOf(
    (doc) => doc.getText('t').insert(0, 'one'),
    (doc) => doc.getText('t').insert(3, 'two'),
  );
  if (!first || !second) throw new Error('two updates');
  const both = Y.mergeUpdates([first, second]);
  const verdict = check(both, [first]);
  if (verdict.kind !== 'new') throw new Error(verdict.kind);
  expect(verdict.update).toEqual(second);
  expect(verdict.ranges.inserted).toEqual([{ client: 1, clock: 0, length: 6 }]);
});

test('[E1] a document inside the document is refused', () => {
  const [update = new Uint8Array()] = updatesOf((doc) => doc.getMap('m').set('k', new Y.Doc()));
  expect(check(update).kind).toBe('malformed');
});

test('edits that wait for their commit count as there for those that follow', () => {
  const [first, second] = updatesOf(
    (doc) => doc.getText('t').insert(0, 'one'),
    (doc) => doc.getText('t').insert(3, 'two'),
  );
  if (!first || !second) throw new Error('two updates');
  const document = new RoomDocument(new Y.Doc(), new Map());
  const verdict = document.check(first, 'ada');
  if (verdict.kind !== 'new') throw new Error('new');
  document.reserve(verdict.ends);
  expect(document.check(second, 'ada').kind).toBe('new');
  expect(document.check(first, 'ada').kind).toBe('known');
});

test('[M5] a token bucket lets a burst through and then the rate', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
  const taken = (now: number) => Array.from({ length: 10 }, () => bucket.take(1, now)).filter(Boolean).length;
  expect(taken(0)).toBe(5);
  expect(taken(0)).toBe(0);
  expect(taken(300)).toBe(3);
  expect(taken(100_000)).toBe(5);
});
