import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { readCanvas, rootsOf } from './canvas.ts';

const picture = { asset: 'a'.repeat(64), name: 'Fox' };

function referenceOf(values: Readonly<Record<string, unknown>>) {
  const doc = new Y.Doc();
  for (const [key, value] of Object.entries(values)) rootsOf(doc).reference.set(key, value);
  return readCanvas(doc).reference;
}

test('a canvas from before there were references has none', () => {
  expect(readCanvas(new Y.Doc()).reference).toBeNull();
});

test('a reference is read with its strength; what does not parse falls back or is none', () => {
  expect(referenceOf({ picture, strength: 0.4 })).toEqual({ ...picture, strength: 0.4 });
  expect(referenceOf({ picture })).toEqual({ ...picture, strength: 1 });
  expect(referenceOf({ picture, strength: -3 })).toMatchObject({ strength: 1 });
  expect(referenceOf({ picture: { ...picture, asset: '../etc' } })).toBeNull();
  expect(referenceOf({ strength: 0.4 })).toBeNull();
  expect(referenceOf({ picture: { ...picture, name: 'x'.repeat(900) } })?.name).toHaveLength(200);
});

test('one person changes the picture while another changes the strength: both stay', () => {
  const doc = new Y.Doc();
  rootsOf(doc).reference.set('picture', picture);
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  rootsOf(doc).reference.set('picture', { ...picture, name: 'Cat' });
  rootsOf(other).reference.set('strength', 0.3);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  expect(readCanvas(doc).reference).toEqual({ ...picture, name: 'Cat', strength: 0.3 });
  expect(readCanvas(other).reference).toEqual(readCanvas(doc).reference);
});
