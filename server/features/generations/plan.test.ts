import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { type PackAbilities, noAbilities } from '../../../shared/contracts/abilities.ts';
import { readCanvas, rootsOf } from '../../../shared/document/canvas.ts';
import { identityTransform, layerKeys } from '../../../shared/document/schema.ts';
import { encodeStroke } from '../../../shared/document/strokes.ts';
import { packStroke } from '../../../shared/raster/stroke-points.ts';
import { costOf, planRequest } from './plan.ts';

const hash = 'a'.repeat(64);
const everything: PackAbilities = { instruct: true, reference: true, int8: true, upscale: true };
const choices = { settings: {}, maskLayerIds: [] };

/** A canvas with a picture in the frame, a scribble on it, and a reference of this strength. */
function canvasWith(settings: Readonly<Record<string, unknown>>, strength = 0.6) {
  const doc = new Y.Doc();
  const roots = rootsOf(doc);
  const put = (id: string, values: Readonly<Record<string, unknown>>) => {
    const layer = new Y.Map<unknown>();
    roots.layers.set(id, layer);
    const all = { [layerKeys.position]: [null, id], [layerKeys.transform]: identityTransform, ...values };
    for (const [key, value] of Object.entries(all)) layer.set(key, value);
  };
  put('a0', { [layerKeys.kind]: 'image', [layerKeys.asset]: hash, [layerKeys.size]: [256, 256] });
  const points = packStroke([{ x: 20, y: 20, pressure: 1 }]);
  const stroke = encodeStroke({ id: 's', tool: 'brush', size: 9, opacity: 1, hardness: 1, points, by: '' });
  put('a1', {
    [layerKeys.kind]: 'control',
    [layerKeys.map]: 'scribble',
    [layerKeys.tiles]: new Y.Map(),
    [layerKeys.strokes]: Y.Array.from([stroke]),
  });
  roots.reference.set('picture', { asset: 'b'.repeat(64), name: 'Fox' });
  roots.reference.set('strength', strength);
  for (const [key, value] of Object.entries(settings)) roots.settings.set(key, value);
  return readCanvas(doc);
}

function plan(settings: Readonly<Record<string, unknown>>, abilities: PackAbilities, strength?: number) {
  return planRequest(canvasWith(settings, strength), choices, { randomSeed: 7, abilities });
}

test('the reference picture goes with a request, and is known as what it was made from', () => {
  const { request, inputs } = plan({}, everything);
  expect(request.reference).toEqual({ asset: 'b'.repeat(64), strength: 0.6 });
  expect(request.controls).toHaveLength(1);
  expect(inputs).toContainEqual({
    role: 'reference',
    assetHash: 'b'.repeat(64),
    layerId: null,
    outputId: null,
  });
});

test('a pack that follows none, or a strength of 0, leaves it out', () => {
  for (const { request, inputs } of [plan({}, noAbilities), plan({}, everything, 0)]) {
    expect(request.reference).toBeNull();
    expect(inputs.map(({ role }) => role)).not.toContain('reference');
  }
});

test('8-bit arithmetic is asked for where the pack has it, and left out where it has not', () => {
  expect(plan({ arithmetic: 'int8' }, everything).request.arithmetic).toBe('int8');
  expect(plan({}, everything).request.arithmetic).toBe('exact');
  expect(plan({ arithmetic: 'int8' }, noAbilities).request.arithmetic).toBe('exact');
});

test('an edit by instruction takes what the canvas shows, its image guidance, and neither maps nor reference', () => {
  const settings = { mode: 'instruct', imageGuidanceScale: 2, count: 1, steps: 8 };
  const { request, inputs } = plan(settings, everything);
  expect(request).toMatchObject({
    mode: 'instruct',
    imageGuidanceScale: 2,
    source: { kind: 'canvas' },
    controls: [],
    reference: null,
  });
  expect(inputs.map(({ role, assetHash }) => [role, assetHash])).toEqual([['layer', hash]]);
  // Three evaluations a step, where other requests take two.
  expect(costOf(request)).toBe(12);
});

test('an edit by instruction is refused with words where the pack cannot, or nothing is under the frame', () => {
  expect(() => plan({ mode: 'instruct' }, { ...everything, instruct: false })).toThrow(
    'The model house-image does not edit by instruction.',
  );
  const empty = { ...canvasWith({ mode: 'instruct' }), layers: [] };
  expect(() => planRequest(empty, choices, { randomSeed: 7, abilities: everything })).toThrow(
    /no visible picture under the frame/,
  );
});
