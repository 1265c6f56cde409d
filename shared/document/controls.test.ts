import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { packStroke } from '../raster/stroke-points.ts';
import { readCanvas, rootsOf } from './canvas.ts';
import { countedControls } from './controls.ts';
import { type ControlLayer, layerKeys } from './schema.ts';
import { encodeStroke } from './strokes.ts';

/** A document with control layers of these values, bottom first. */
function canvasWith(...layers: Readonly<Record<string, unknown>>[]) {
  const doc = new Y.Doc();
  layers.forEach((values, i) => {
    const layer = new Y.Map<unknown>();
    rootsOf(doc).layers.set(`layer-${i}`, layer);
    const points = packStroke([{ x: 20, y: 20, pressure: 1 }]);
    const stroke = encodeStroke({ id: 's', tool: 'brush', size: 9, opacity: 1, hardness: 1, points, by: '' });
    const all = {
      [layerKeys.kind]: 'control',
      [layerKeys.map]: 'scribble',
      [layerKeys.position]: [null, `a${i}`],
      [layerKeys.tiles]: new Y.Map(),
      [layerKeys.strokes]: Y.Array.from([stroke]),
      ...values,
    };
    for (const [key, value] of Object.entries(all)) layer.set(key, value);
  });
  return readCanvas(doc);
}

function onlyLayer(values: Readonly<Record<string, unknown>>): ControlLayer | undefined {
  return canvasWith(values).layers.find((layer) => layer.kind === 'control');
}

test('a control layer is read with what it says; what does not parse falls back', () => {
  const said = { [layerKeys.strength]: 0.4, [layerKeys.range]: [0.2, 0.6], [layerKeys.region]: 3 };
  expect(onlyLayer(said)).toMatchObject({ map: 'scribble', strength: 0.4, range: [0.2, 0.6], region: 3 });
  const wrong = { [layerKeys.strength]: 7, [layerKeys.range]: [0.6, 0.2], [layerKeys.region]: 99 };
  expect(onlyLayer(wrong)).toMatchObject({ strength: 1, range: [0, 1], region: 2, picture: null });
  expect(onlyLayer({ [layerKeys.map]: 'smell' })).toBeUndefined();
  const picture = { [layerKeys.asset]: 'a'.repeat(64), [layerKeys.size]: [64, 32] };
  expect(onlyLayer(picture)?.picture).toEqual({ asset: 'a'.repeat(64), width: 64, height: 32 });
});

test('what is hidden, without strength, or out of the frame is not followed', () => {
  const canvas = canvasWith(
    {},
    { [layerKeys.hidden]: true },
    { [layerKeys.strength]: 0 },
    { [layerKeys.transform]: [2_000, 0, 1, 1, 0] },
    { [layerKeys.strokes]: new Y.Array() },
    { [layerKeys.strokes]: new Y.Array(), [layerKeys.asset]: 'a'.repeat(64), [layerKeys.size]: [9, 9] },
  );
  const followed = countedControls(canvas).flatMap(({ layers }) => layers.map(({ id }) => String(id)));
  expect(followed).toEqual(['layer-0', 'layer-5']);
});

test('regions make one map, as the topmost of them says', () => {
  const region = { [layerKeys.map]: 'segmentation' };
  const canvas = canvasWith(
    { ...region, [layerKeys.strength]: 0.3 },
    { [layerKeys.map]: 'edge' },
    { ...region, [layerKeys.strength]: 0.8, [layerKeys.range]: [0, 0.5] },
  );
  const followed = countedControls(canvas);
  expect(followed.map(({ kind, layers }) => [kind, layers.length])).toEqual([
    ['edge', 1],
    ['segmentation', 2],
  ]);
  expect(followed[1]).toMatchObject({ strength: 0.8, range: [0, 0.5] });
});
