import { describe, expect, test } from 'vitest';
import type { ControlKind } from '../../shared/contracts/recipe.ts';
import {
  type ControlLayer,
  contentHashSchema,
  identityTransform,
  layerIdSchema,
  type Rect,
} from '../../shared/document/schema.ts';
import { segmentColors } from '../../shared/raster/segment-colors.ts';
import { packStroke } from '../../shared/raster/stroke-points.ts';
import { composeControl, listMapAssets } from './compose-control.ts';

const hashOf = (letter: string) => contentHashSchema.parse(letter.repeat(64));
const dot = (x: number, y: number, size = 4, opacity = 1) => {
  const points = packStroke([{ x, y, pressure: 1 }]);
  return { id: `${x},${y}`, tool: 'brush', size, opacity, hardness: 1, points, by: 'me' } as const;
};

function layer(changes: Partial<ControlLayer> = {}): ControlLayer {
  return {
    id: layerIdSchema.parse('c'),
    name: '',
    parent: null,
    index: 'a0',
    opacity: 0.1,
    blend: 'multiply',
    hidden: false,
    locked: false,
    kind: 'control',
    map: 'scribble',
    picture: null,
    region: 2,
    strength: 1,
    range: [0, 1],
    transform: identityTransform,
    tiles: new Map(),
    strokes: [],
    ...changes,
  };
}

function compose(
  kind: ControlKind,
  layers: readonly ControlLayer[],
  options: { readonly frame?: Rect; readonly tiles?: ReadonlyMap<string, Uint8Array> } = {},
) {
  const { frame = [0, 0, 16, 16], tiles = new Map<string, Uint8Array>() } = options;
  const red = {
    width: 4,
    height: 4,
    data: Uint8Array.from({ length: 64 }, (_, i) => [250, 10, 30, 255][i % 4] ?? 0),
  };
  const pictures = new Map([[String(hashOf('a')), red]]);
  const map = composeControl(kind, layers, {
    request: { frame, width: 16, height: 16 },
    sources: { pictures, tiles },
  });
  return (x: number, y: number) => [...map.rgb.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3)];
}

describe('composeControl', () => {
  test('paint is white on black, however see-through the layer looks on the canvas', () => {
    const at = compose('scribble', [layer({ strokes: [dot(8, 8)] })]);
    expect(at(8, 8)).toEqual([255, 255, 255]);
    expect(at(1, 1)).toEqual([0, 0, 0]);
  });

  test('the opacity of the paint is its brightness: depth can be painted', () => {
    const at = compose('depth', [layer({ map: 'depth', strokes: [dot(8, 8, 8, 0.5)] })]);
    expect(at(8, 8)).toEqual([128, 128, 128]);
  });

  test('the regions of a segmentation lie over each other on the background, in their colours', () => {
    const at = compose('segmentation', [
      layer({ map: 'segmentation', region: 1, strokes: [dot(8, 8, 12)] }),
      layer({ map: 'segmentation', region: 3, strokes: [dot(8, 8, 4)] }),
    ]);
    expect(at(0, 0)).toEqual(segmentColors[0]);
    expect(at(8, 4)).toEqual(segmentColors[1]);
    expect(at(8, 8)).toEqual(segmentColors[3]);
  });

  test('a stored map lies under the paint, where its layer puts it', () => {
    const picture = { asset: hashOf('a'), width: 4, height: 4 };
    const at = compose('pose', [
      layer({ map: 'pose', picture, transform: [4, 4, 2, 2, 0], strokes: [dot(1, 1, 3)] }),
    ]);
    expect(at(10, 10)).toEqual([250, 10, 30]);
    expect(at(6, 6)).toEqual([255, 255, 255]);
    expect(at(2, 2)).toEqual([0, 0, 0]);
  });

  test('a line of one pixel stays a line when the frame is made smaller', () => {
    const tile = new Uint8Array(256 * 256);
    for (let y = 0; y < 256; y += 1) tile[y * 256 + 101] = 255;
    const tiles = new Map([[String(hashOf('e')), tile]]);
    const painted = layer({ map: 'edge', tiles: new Map([['0,0', hashOf('e')]]) });
    const at = compose('edge', [painted], { frame: [0, 0, 256, 256], tiles });
    for (let y = 1; y < 15; y += 1) expect(at(6, y)[0]).toBeGreaterThan(200);
    expect(at(10, 8)).toEqual([0, 0, 0]);
  });

  test('asks for what it needs, once', () => {
    const picture = { asset: hashOf('a'), width: 4, height: 4 };
    const both = [layer({ picture, tiles: new Map([['0,0', hashOf('e')]]) }), layer({ picture })];
    expect(listMapAssets(both)).toEqual({ pictures: [hashOf('a')], tiles: [hashOf('e')] });
  });
});
