import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { readStrokes } from './canvas.ts';
import type { Stroke } from './schema.ts';
import { decodeStroke, encodeStroke } from './strokes.ts';

const stroke: Stroke = {
  id: 'a-1',
  tool: 'eraser',
  size: 48.5,
  opacity: 0.25,
  hardness: 0.8,
  by: 'ada',
  points: new Uint8Array([1, 2, 3, 255]),
};

test('a stroke reads back as it was, through a document and an update', () => {
  const doc = new Y.Doc();
  doc.getArray('strokes').push([encodeStroke(stroke)]);
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  expect(readStrokes(other.getArray('strokes'))).toEqual([stroke]);
});

test('a stroke that was read stays the same object', () => {
  const bytes = encodeStroke(stroke);
  expect(decodeStroke(bytes)).toBe(decodeStroke(bytes));
});

test('what is no stroke is left out: any bytes, other values, numbers out of range', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const read = decodeStroke(bytes);
      if (read !== undefined) expect(encodeStroke(read).length).toBeLessThanOrEqual(bytes.length);
    }),
  );
  expect(decodeStroke({ ...stroke })).toBeUndefined();
  expect(decodeStroke(encodeStroke({ ...stroke, size: 100_000 }))).toBeUndefined();
  expect(decodeStroke(encodeStroke({ ...stroke, opacity: Number.NaN }))).toBeUndefined();
  expect(decodeStroke(encodeStroke(stroke).subarray(0, 20))).toBeUndefined();
});
