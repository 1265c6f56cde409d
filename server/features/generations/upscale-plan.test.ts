import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { noAbilities, type PackAbilities } from '../../../shared/contracts/abilities.ts';
import { generationRequestSchema } from '../../../shared/contracts/generation.ts';
import { readCanvas, rootsOf } from '../../../shared/document/canvas.ts';
import { layerIdSchema, layerKeys, type Transform } from '../../../shared/document/schema.ts';
import { boundsOf, cornersOf } from '../../../shared/geometry/matrix.ts';
import { costOf, workOf } from './plan.ts';
import { planUpscale } from './upscale-plan.ts';

const hash = 'a'.repeat(64);
const layerId = layerIdSchema.parse('picture');
const abilities: PackAbilities = { ...noAbilities, upscale: true };

function canvasWith(transform: Transform, size = [200, 100]) {
  const doc = new Y.Doc();
  const layer = new Y.Map<unknown>();
  rootsOf(doc).layers.set('picture', layer);
  const values = {
    [layerKeys.kind]: 'image',
    [layerKeys.name]: 'Fox',
    [layerKeys.position]: [null, 'a0'],
    [layerKeys.transform]: transform,
    [layerKeys.asset]: hash,
    [layerKeys.size]: size,
  };
  for (const [key, value] of Object.entries(values)) layer.set(key, value);
  return readCanvas(doc);
}

const plain: Transform = [10, 20, 1, 1, 0];
const plan = (scale: 2 | 4, size = { width: 200, height: 100 }, transform = plain) =>
  planUpscale(canvasWith(transform), { layerId, scale }, { abilities, size });

describe('the request', () => {
  test('names the stored picture, its layer, and the size of the result', () => {
    const { request, inputs } = plan(4);
    expect(generationRequestSchema.parse(request)).toMatchObject({
      mode: 'upscale',
      scale: 4,
      width: 800,
      height: 400,
      count: 1,
      prompt: 'Fox',
      source: { kind: 'assets', source: hash, mask: null },
      frame: [10, 20, 200, 100],
    });
    expect(inputs).toEqual([{ role: 'layer', assetHash: hash, layerId, outputId: null }]);
  });

  test.each([
    ['as it was', plain],
    ['turned, stretched and mirrored', [-40, 300, -1.5, 0.25, 37]],
  ] as const)('a picture %s is covered by its enlargement, corner for corner', (_, transform) => {
    const { request } = plan(2, { width: 200, height: 100 }, transform);
    const placed = request.placement?.transform ?? plain;
    const over = cornersOf(placed, request.width, request.height);
    for (const [i, { x, y }] of cornersOf(transform, 200, 100).entries()) {
      expect(over[i]?.x).toBeCloseTo(x, 9);
      expect(over[i]?.y).toBeCloseTo(y, 9);
    }
    const box = boundsOf(transform, 200, 100);
    expect(request.frame).toEqual([box.x, box.y, box.width, box.height]);
  });

  test('a layer that lies about its size is covered all the same', () => {
    const { request } = plan(2, { width: 400, height: 400 });
    const [, , , last] = cornersOf(request.placement?.transform ?? plain, request.width, request.height);
    expect(last).toEqual({ x: 10, y: 120 });
  });

  test('progress is shown in a frame that may be one, however far the layer was stretched', () => {
    const { request } = plan(2, { width: 200, height: 100 }, [0, 0, 900, 0.001, 0]);
    expect(generationRequestSchema.parse(request).frame).toEqual([0, 0, 8192, 1]);
  });

  test('costs by the pixels of what is enlarged, and is never free', () => {
    const [twice, four] = [plan(2).request, plan(4).request];
    expect([costOf(twice), costOf(four)]).toEqual([5, 5]);
    expect(workOf(four)).toEqual({ kind: 'enlargement', pixels: 20_000 });
    expect(costOf(plan(4, { width: 16, height: 16 }).request)).toBe(1);
  });
});

describe('is refused with words', () => {
  test('when the result would be too large', () => {
    const big = { width: 2_000, height: 1_500 };
    expect(() => plan(4, big)).toThrow(
      expect.objectContaining({
        code: 'bad_input',
        message: 'The picture is 2,000 × 1,500: enlarged ×4 it would be 8,000 × 6,000.',
        fix: 'At most 4,096 pixels a side can be made. Enlarge it ×2, or make it smaller first.',
      }),
    );
    expect(plan(2, big).request).toMatchObject({ width: 4_000, height: 3_000 });
    expect(() => plan(2, { width: 3_000, height: 40 })).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/made\. Make it smaller first\.$/) }),
    );
  });

  test('when it would be too small', () => {
    expect(() => plan(2, { width: 100, height: 20 })).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/Enlarge it ×4\.$/) }),
    );
    expect(() => plan(4, { width: 100, height: 8 })).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/Take a larger picture\.$/) }),
    );
  });

  test('when the pack cannot, the picture is gone from the store, or the layer from the canvas', () => {
    const canvas = canvasWith(plain);
    const size = { width: 200, height: 100 };
    expect(() => planUpscale(canvas, { layerId, scale: 2 }, { abilities: noAbilities, size })).toThrow(
      'The model house-image does not enlarge pictures.',
    );
    expect(() => planUpscale(canvas, { layerId, scale: 2 }, { abilities, size: null })).toThrow(
      'missing from the store',
    );
    expect(() => planUpscale({ ...canvas, layers: [] }, { layerId, scale: 2 }, { abilities, size })).toThrow(
      'not on the canvas any more',
    );
  });
});
