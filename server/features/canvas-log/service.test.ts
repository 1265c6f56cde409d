import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createTestDatabase, type TestDatabase } from '../../../platform/testing/database.ts';
import { insertUpdate } from './repo.ts';
import { compactLog, loadDocument, readCanvasState } from './service.ts';

let db: TestDatabase;
let made = 0;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.organization.create({ data: { id: 'o', name: 'o', slug: 'o' } });
  await db.database.project.create({ data: { id: 'p', organizationId: 'o', name: 'p', createdById: 'u' } });
});
afterAll(() => db.close());

async function makeCanvas(): Promise<string> {
  const canvas = await db.database.canvas.create({
    data: { id: `canvas${made++}`, projectId: 'p', name: 'c', createdById: 'u' },
  });
  return canvas.id;
}

/** Types `text` letter by letter and returns one update a letter. */
function typeLetters(text: string, clientId: number): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const letter of text) doc.getText('prompt').insert(doc.getText('prompt').length, letter);
  return updates;
}

async function readText(canvasId: string): Promise<string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await readCanvasState(db.database, canvasId));
  return doc.getText('prompt').toString();
}

async function append(canvasId: string, updates: readonly Uint8Array[]): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (const update of updates)
    ids.push(await insertUpdate(db.database, { canvasId, epoch: 0, update, userId: null }));
  return ids;
}

test('the state is snapshot plus rows, in whatever order the rows lie', async () => {
  const canvasId = await makeCanvas();
  const [a, b, c] = typeLetters('abc', 1);
  if (!a || !b || !c) throw new Error('three updates');
  await append(canvasId, [a]);
  await compactLog(db.database, { canvasId, epoch: 0 });
  await append(canvasId, [c, b]);
  expect(await readText(canvasId)).toBe('abc');
});

test('compaction empties the log and keeps every letter', async () => {
  const canvasId = await makeCanvas();
  await append(canvasId, typeLetters('hello', 1));
  const result = await compactLog(db.database, { canvasId, epoch: 0 });
  expect(result).toMatchObject({ state: 'compacted', rows: 5 });
  expect(await db.database.canvasUpdate.count({ where: { canvasId } })).toBe(0);
  expect(await readText(canvasId)).toBe('hello');
});

test('a row that commits late with a low id outlives a compaction that did not see it', async () => {
  const canvasId = await makeCanvas();
  const late = typeLetters('late', 1);
  const early = typeLetters('early', 2);
  await db.database.$transaction(
    async (slow) => {
      // Takes its ids now, commits after the compaction below.
      for (const update of late) await insertUpdate(slow, { canvasId, epoch: 0, update, userId: null });
      await append(canvasId, early);
      await compactLog(db.database, { canvasId, epoch: 0 });
    },
    { timeout: 30_000 },
  );
  expect(await readText(canvasId)).toMatch(/late.*early|early.*late/);
});

test('a row that Yjs cannot apply is left out, kept, and costs nobody else anything', async () => {
  const canvasId = await makeCanvas();
  const letters = typeLetters('good', 1);
  await append(canvasId, letters.slice(0, 2));
  const [poison] = await append(canvasId, [new Uint8Array([1, 1, 1, 1, 255, 255])]);
  await append(canvasId, letters.slice(2));
  const { quarantined, doc } = await loadDocument(db.database, { canvasId, epoch: 0 });
  expect(quarantined).toEqual([poison]);
  expect(doc.getText('prompt').toString()).toBe('good');
  await compactLog(db.database, { canvasId, epoch: 0 });
  expect(await db.database.canvasUpdate.findMany({ where: { canvasId }, select: { id: true } })).toEqual([
    { id: poison },
  ]);
});

test('two compactions at once: one works, the other says busy or finds nothing to do', async () => {
  const canvasId = await makeCanvas();
  await append(canvasId, typeLetters('both', 1));
  const results = await Promise.all([
    compactLog(db.database, { canvasId, epoch: 0 }),
    compactLog(db.database, { canvasId, epoch: 0 }),
  ]);
  const folded = results.map((result) => (result.state === 'compacted' ? result.rows : 0));
  expect(folded.reduce((a, b) => a + b, 0)).toBe(4);
  expect(await readText(canvasId)).toBe('both');
});

test('another epoch is another document', async () => {
  const canvasId = await makeCanvas();
  await append(canvasId, typeLetters('old', 1));
  await db.database.canvas.update({ where: { id: canvasId }, data: { epoch: 1 } });
  expect(await readText(canvasId)).toBe('');
});

test('a canvas that does not exist reads as not found', async () => {
  await expect(readCanvasState(db.database, 'nobody')).rejects.toMatchObject({ code: 'not_found' });
});
