import { describe, expect, test } from 'vitest';
import { packStroke } from '../raster/stroke-points.ts';
import { decideMode, describeMode } from './mode.ts';
import {
  type CanvasModel,
  contentHashSchema,
  defaultFrame,
  identityTransform,
  type ImageLayer,
  type Layer,
  layerIdSchema,
  type MaskLayer,
  settingsSchema,
  type Transform,
} from './schema.ts';

const hash = contentHashSchema.parse('a'.repeat(64));
const base = {
  name: '',
  parent: null,
  index: 'a0',
  opacity: 1,
  blend: 'normal',
  hidden: false,
  locked: false,
} as const;

function picture(transform: Transform = identityTransform, changes: Partial<ImageLayer> = {}): ImageLayer {
  const id = layerIdSchema.parse('picture');
  return {
    ...base,
    id,
    kind: 'image',
    asset: hash,
    width: 256,
    height: 256,
    outputId: null,
    transform,
    ...changes,
  };
}

function mask(x: number, y: number, changes: Partial<MaskLayer> = {}): MaskLayer {
  const points = packStroke([{ x, y, pressure: 1 }]);
  const stroke = { id: 's', tool: 'brush', size: 20, opacity: 1, hardness: 1, points, by: 'me' } as const;
  const id = layerIdSchema.parse('mask');
  return {
    ...base,
    id,
    kind: 'mask',
    transform: identityTransform,
    tiles: new Map(),
    strokes: [stroke],
    inverted: false,
    ...changes,
  };
}

function canvas(...layers: Layer[]): CanvasModel {
  return {
    layers,
    frame: defaultFrame,
    reference: null,
    prompt: '',
    negativePrompt: '',
    settings: settingsSchema.parse({}),
    candidates: [],
  };
}

const auto = { mode: 'auto', maskLayerIds: [] } as const;

describe('what a request will do', () => {
  test('nothing under the frame', () => {
    expect(decideMode(canvas(), auto)).toBe('text-to-image');
    expect(decideMode(canvas(picture([300, 0, 1, 1, 0])), auto)).toBe('text-to-image');
    expect(decideMode(canvas(picture(identityTransform, { hidden: true })), auto)).toBe('text-to-image');
    expect(decideMode(canvas(mask(20, 20)), auto)).toBe('text-to-image');
  });

  test('a picture that fills it, also turned and scaled', () => {
    expect(decideMode(canvas(picture()), auto)).toBe('image-to-image');
    expect(decideMode(canvas(picture([-200, 128, 3, 3, -45])), auto)).toBe('image-to-image');
  });

  test('a picture that fills a part of it', () => {
    expect(decideMode(canvas(picture([-64, 0, 1, 1, 0])), auto)).toBe('extend');
  });

  test('paint inside it', () => {
    expect(decideMode(canvas(picture(), mask(20, 20)), auto)).toBe('inpaint');
    expect(decideMode(canvas(picture(), mask(400, 20)), auto)).toBe('image-to-image');
    expect(decideMode(canvas(picture(), mask(20, 20, { hidden: true })), auto)).toBe('image-to-image');
    expect(decideMode(canvas(picture(), mask(400, 20, { transform: [-390, 0, 1, 1, 0] })), auto)).toBe(
      'inpaint',
    );
  });

  test('paint that was erased again is none', () => {
    const painted = mask(20, 20);
    const [stroke] = painted.strokes;
    if (stroke === undefined) throw new Error('no stroke');
    const strokes = [stroke, { ...stroke, tool: 'eraser', size: 40 } as const];
    expect(decideMode(canvas(picture(), { ...painted, strokes }), auto)).toBe('image-to-image');
  });

  test('an inverted mask covers what is not painted', () => {
    expect(decideMode(canvas(picture(), mask(20, 20, { inverted: true, strokes: [] })), auto)).toBe(
      'inpaint',
    );
    expect(decideMode(canvas(picture(), mask(20, 20, { inverted: true })), auto)).toBe('inpaint');
  });

  test('only the named masks count', () => {
    const other = layerIdSchema.parse('other');
    expect(decideMode(canvas(picture(), mask(20, 20)), { mode: 'auto', maskLayerIds: [other] })).toBe(
      'image-to-image',
    );
  });

  test('a chosen mode stands', () => {
    expect(decideMode(canvas(picture()), { mode: 'text-to-image', maskLayerIds: [] })).toBe('text-to-image');
  });

  test('the words on the button', () => {
    expect(describeMode('image-to-image', 0.6)).toBe('Refine 60 %');
    expect(describeMode('text-to-image', 0.6)).toBe('Generate');
    expect(describeMode('inpaint', 1)).toBe('Fill');
    expect(describeMode('extend', 1)).toBe('Extend');
  });
});
