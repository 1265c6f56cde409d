import { expect, test } from 'vitest';
import type { ContentRanges } from '../../../shared/protocol/content-ranges.ts';
import { Unsaved } from './unsaved.ts';

function insert(clock: number, length = 1): ContentRanges {
  return { inserted: [{ client: 1, clock, length }], deleted: [] };
}

function remove(clock: number, length = 1): ContentRanges {
  return { inserted: [], deleted: [{ client: 1, clock, length }] };
}

/** As after the first exchange with the server. */
function reconciled(): Unsaved {
  const unsaved = new Unsaved();
  unsaved.answerSent();
  unsaved.answerCommitted();
  return unsaved;
}

test('nothing counts as saved before the server has taken what this browser had', () => {
  const unsaved = new Unsaved();
  expect(unsaved.isEmpty).toBe(false);
  unsaved.answerSent();
  expect(unsaved.isEmpty).toBe(false);
  unsaved.answerCommitted();
  expect(unsaved.isEmpty).toBe(true);
});

test('each edit waits for its own acknowledgement, insertions and deletions alike, in any pieces', () => {
  const unsaved = reconciled();
  unsaved.enter(insert(0, 3));
  unsaved.enter(remove(1));
  unsaved.strikeOut(insert(0, 2));
  unsaved.strikeOut(remove(1));
  expect(unsaved.isEmpty).toBe(false);
  unsaved.strikeOut(insert(2));
  expect(unsaved.isEmpty).toBe(true);
});

test('an acknowledgement of somebody else’s ranges strikes out nothing', () => {
  const unsaved = reconciled();
  unsaved.enter(insert(5));
  unsaved.strikeOut({ inserted: [{ client: 2, clock: 5, length: 1 }], deleted: [] });
  expect(unsaved.isEmpty).toBe(false);
});

test('a committed answer covers what was entered before it left, not what came after', () => {
  const unsaved = reconciled();
  unsaved.enter(insert(0));
  unsaved.answerSent();
  unsaved.enter(insert(1));
  unsaved.answerCommitted();
  expect(unsaved.isEmpty).toBe(false);
  unsaved.strikeOut(insert(1));
  expect(unsaved.isEmpty).toBe(true);
});

test('a broken line forgets no edit: the next answer must be committed first', () => {
  const unsaved = reconciled();
  unsaved.enter(insert(0));
  unsaved.answerSent();
  unsaved.disconnected();
  unsaved.answerSent();
  expect(unsaved.isEmpty).toBe(false);
  unsaved.answerCommitted();
  expect(unsaved.isEmpty).toBe(true);
});
