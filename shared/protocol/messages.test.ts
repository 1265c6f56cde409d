import * as decoding from 'lib0/decoding';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { rangesOfUpdate } from './content-ranges.ts';
import {
  messageTypes,
  readAccess,
  readAcknowledgement,
  readClientMessage,
  writeAccess,
  writeAcknowledgement,
  writeAwareness,
  writeQueryAwareness,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from './messages.ts';

const payload = new Uint8Array([1, 2, 3]);

test('each client message reads back as written', () => {
  expect(readClientMessage(writeSyncStep1(payload))).toEqual({ kind: 'sync-step-1', stateVector: payload });
  expect(readClientMessage(writeSyncStep2(payload))).toEqual({ kind: 'sync-step-2', update: payload });
  expect(readClientMessage(writeUpdate(payload))).toEqual({ kind: 'update', update: payload });
  expect(readClientMessage(writeAwareness(payload))).toEqual({ kind: 'awareness', update: payload });
  expect(readClientMessage(writeQueryAwareness())).toEqual({ kind: 'query-awareness' });
});

test.each([
  ['nothing', []],
  ['an unknown type', [9]],
  ['an auth message', [2, 0, 0]],
  ['our own acknowledgement', [16, 1]],
  ['an unknown sync type', [0, 3, 0]],
  ['a length beyond the end', [0, 2, 9, 1]],
  ['bytes after the end', [3, 0]],
])('%s is refused', (_, bytes) => {
  expect(() => readClientMessage(new Uint8Array(bytes))).toThrow();
});

test('an acknowledgement names what an update inserted and deleted', () => {
  const doc = new Y.Doc();
  doc.clientID = 7;
  const text = doc.getText('prompt');
  text.insert(0, 'abcdef');
  let last = new Uint8Array();
  doc.on('update', (update: Uint8Array) => {
    last = new Uint8Array(update);
  });
  doc.transact(() => {
    text.delete(1, 2);
    text.insert(0, 'xy');
  });
  const ranges = rangesOfUpdate(last);
  expect(ranges).toEqual({
    inserted: [{ client: 7, clock: 6, length: 2 }],
    deleted: [{ client: 7, clock: 1, length: 2 }],
  });
  const decoder = decoding.createDecoder(writeAcknowledgement({ kind: 'update', ranges }));
  expect(decoding.readVarUint(decoder)).toBe(messageTypes.acknowledged);
  expect(readAcknowledgement(decoder)).toEqual({ kind: 'update', ranges });
});

test('a role reads back, and nothing else does', () => {
  const decoder = decoding.createDecoder(writeAccess('viewer'));
  expect(decoding.readVarUint(decoder)).toBe(messageTypes.access);
  expect(readAccess(decoder)).toBe('viewer');
  expect(() => readAccess(decoding.createDecoder(new Uint8Array([1, 97])))).toThrow();
});
