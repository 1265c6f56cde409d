import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { initialiseCanvas, readCanvas } from '../../../shared/document/canvas.ts';
import { stageCandidate } from '../../../shared/document/candidates.ts';
import {
  type CanvasModel,
  contentHashSchema,
  identityTransform,
  type LayerId,
  layerIdSchema,
  outputIdSchema,
  type Transform,
} from '../../../shared/document/schema.ts';
import { packStroke } from '../../../shared/raster/stroke-points.ts';
import type { Command } from '../core/document-port.ts';
import { createStore } from '../core/store.ts';
import { createCanvasDocument } from './canvas-document.ts';

const asset = contentHashSchema.parse('a'.repeat(64));
const id = (name: string) => layerIdSchema.parse(name);
const output = outputIdSchema.parse('out-1');

function open(doc = new Y.Doc()) {
  if (doc.getMap('meta').size === 0) initialiseCanvas(doc, 'a red fox in the snow');
  return { doc, canvas: createCanvasDocument({ doc, canEdit: createStore(true) }) };
}

function image(name: string): Command {
  return {
    type: 'add-image',
    id: id(name),
    name,
    asset,
    width: 100,
    height: 100,
    transform: [0, 0, 1, 1, 0],
  };
}

function stroke(layer: string, strokeId: string): Command {
  const points = packStroke([{ x: 10, y: 10, pressure: 1 }]);
  return {
    type: 'add-stroke',
    id: id(layer),
    stroke: { id: strokeId, tool: 'brush', size: 10, opacity: 1, hardness: 1, points, by: 'somebody' },
  };
}

const names = (model: CanvasModel) => model.layers.map((layer) => layer.name);
const strokeIds = (model: CanvasModel, layer: string) => {
  const found = model.layers.find((candidate) => candidate.id === layer);
  return found?.kind === 'mask' ? found.strokes.map((one) => one.id) : [];
};

/** Two people on one canvas; `sync` brings each what the other did. */
function pair() {
  const one = open();
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc), 'net');
  const two = open(other);
  return {
    one,
    two,
    sync() {
      const first = Y.encodeStateAsUpdate(one.doc, Y.encodeStateVector(two.doc));
      const second = Y.encodeStateAsUpdate(two.doc, Y.encodeStateVector(one.doc));
      Y.applyUpdate(two.doc, first, 'net');
      Y.applyUpdate(one.doc, second, 'net');
    },
  };
}

test('new pictures go above pictures and below the masks on top', () => {
  const { canvas } = open();
  canvas.apply('Add', [image('one')]);
  canvas.apply('Mask', [{ type: 'add-mask', id: id('mask'), name: 'mask' }]);
  canvas.apply('Add', [image('two')]);
  expect(names(canvas.model.get())).toEqual(['one', 'two', 'mask']);
});

test('one apply is one step of undo and one update for the others', () => {
  const { doc, canvas } = open();
  let updates = 0;
  doc.on('update', () => {
    updates += 1;
  });
  canvas.apply('Both', [image('one'), image('two'), { type: 'set-frame', rect: [64, 0, 512, 256] }]);
  expect(updates).toBe(1);
  expect(canvas.history.get()).toEqual({ undo: 'Both', redo: null });
  canvas.undo();
  expect(names(canvas.model.get())).toEqual([]);
  expect(canvas.model.get().frame).toEqual([0, 0, 256, 256]);
  canvas.redo();
  expect(names(canvas.model.get())).toEqual(['one', 'two']);
  expect(canvas.model.get().frame).toEqual([64, 0, 512, 256]);
});

test('a change that changes nothing is no step', () => {
  const { canvas } = open();
  canvas.apply('Add', [image('one')]);
  canvas.apply('Rename', [{ type: 'patch-layer', id: id('one'), patch: { name: 'one' } }]);
  canvas.apply('Reorder', [{ type: 'reorder', ids: [id('one')], place: 0 }]);
  canvas.apply('Nobody', [{ type: 'patch-layer', id: id('nobody'), patch: { name: 'x' } }]);
  expect(canvas.history.get().undo).toBe('Add');
});

test('reorder moves several at once and keeps their order', () => {
  const { canvas } = open();
  for (const name of ['a', 'b', 'c', 'd', 'e']) canvas.apply('Add', [image(name)]);
  canvas.apply('Reorder', [{ type: 'reorder', ids: [id('d'), id('a')], place: 2 }]);
  expect(names(canvas.model.get())).toEqual(['b', 'c', 'a', 'd', 'e']);
  canvas.undo();
  expect(names(canvas.model.get())).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a candidate that takes a layer’s place goes right above it, turned as it is; above all once that is gone', () => {
  const { doc, canvas } = open();
  for (const name of ['low', 'top'])
    canvas.apply('Add', [
      {
        type: 'add-image',
        id: id(name),
        name,
        asset,
        width: 64,
        height: 64,
        transform: identityTransform,
      },
    ]);
  const transform = [5, 6, 0.25, -0.25, 30] as const;
  const stage = (name: string) =>
    stageCandidate(doc, {
      id: outputIdSchema.parse(name),
      generationId: 'gen',
      asset,
      width: 256,
      height: 256,
      rect: [0, 0, 64, 64],
      placement: { transform, above: id('low') },
      seed: 0,
      prompt: 'low',
      requestedBy: 'ada',
      at: 1,
      state: 'staged',
      layerId: null,
    });
  stage('first');
  stage('second');
  const accept = (name: string) =>
    canvas.apply('Keep picture', [
      { type: 'accept-candidate', id: outputIdSchema.parse(name), layerId: id(`${name}-layer`) },
    ]);
  const order = () => canvas.model.get().layers.map((layer) => layer.id);
  accept('first');
  expect(order()).toEqual(['low', 'first-layer', 'top']);
  expect(canvas.model.get().layers[1]).toMatchObject({ transform, width: 256, name: 'low' });
  canvas.undo();
  expect(order()).toEqual(['low', 'top']);
  canvas.apply('Delete', [{ type: 'delete-layer', id: id('low') }]);
  accept('second');
  expect(order()).toEqual(['top', 'second-layer']);
});

test('accepting a candidate makes a layer at its rectangle; undo stages it again', () => {
  const { doc, canvas } = open();
  const rect = [64, 32, 512, 256] as const;
  stageCandidate(doc, {
    id: output,
    generationId: 'gen',
    asset,
    width: 256,
    height: 128,
    rect,
    seed: 7,
    prompt: 'a red fox in the snow',
    requestedBy: 'ada',
    at: 1,
    state: 'staged',
    layerId: null,
  });
  canvas.apply('Mask', [{ type: 'add-mask', id: id('mask'), name: 'mask' }]);
  canvas.apply('Accept picture', [{ type: 'accept-candidate', id: output, layerId: id('new') }]);
  const [layer] = canvas.model.get().layers;
  expect(layer).toMatchObject({
    id: 'new',
    name: 'a red fox in the snow',
    transform: [64, 32, 2, 2, 0],
    outputId: output,
  });
  expect(canvas.model.get().candidates[0]).toMatchObject({ state: 'accepted', layerId: 'new' });
  canvas.apply('Accept picture', [{ type: 'accept-candidate', id: output, layerId: id('again') }]);
  expect(names(canvas.model.get())).toHaveLength(2);
  canvas.undo();
  expect(names(canvas.model.get())).toEqual(['mask']);
  expect(canvas.model.get().candidates[0]).toMatchObject({ state: 'staged', layerId: null });
  canvas.apply('Discard picture', [{ type: 'discard-candidate', id: output }]);
  expect(canvas.model.get().candidates).toEqual([]);
  canvas.undo();
  expect(canvas.model.get().candidates).toHaveLength(1);
});

test("undo takes back one's own and leaves what another has written since", () => {
  const { one, two, sync } = pair();
  one.canvas.apply('Add', [image('one')]);
  sync();
  one.canvas.apply('Rename', [{ type: 'patch-layer', id: id('one'), patch: { name: 'mine', opacity: 0.5 } }]);
  sync();
  two.canvas.apply('Rename', [{ type: 'patch-layer', id: id('one'), patch: { name: 'yours' } }]);
  sync();
  one.canvas.undo();
  sync();
  const [layer] = two.canvas.model.get().layers;
  expect(layer).toMatchObject({ name: 'yours', opacity: 1 });
  expect(two.canvas.history.get().undo).toBe('Rename');
});

test('a step that others have wholly overwritten is passed over', () => {
  const { one, two, sync } = pair();
  one.canvas.apply('Add', [image('one')]);
  one.canvas.apply('Rename', [{ type: 'patch-layer', id: id('one'), patch: { name: 'mine' } }]);
  sync();
  two.canvas.apply('Rename', [{ type: 'patch-layer', id: id('one'), patch: { name: 'yours' } }]);
  sync();
  one.canvas.undo();
  expect(one.canvas.model.get().layers).toEqual([]);
});

test('deleting is soft: what another did to the layer meanwhile is there after undo', () => {
  const { one, two, sync } = pair();
  one.canvas.apply('Add', [image('one')]);
  sync();
  two.canvas.apply('Move', [{ type: 'patch-layer', id: id('one'), patch: { transform: [9, 9, 1, 1, 0] } }]);
  one.canvas.apply('Delete layer', [{ type: 'delete-layer', id: id('one') }]);
  sync();
  expect(two.canvas.model.get().layers).toEqual([]);
  one.canvas.undo();
  sync();
  expect(two.canvas.model.get().layers[0]?.transform).toEqual([9, 9, 1, 1, 0]);
});

test("undo removes one's own stroke from between those of others, and says nothing about baked ones", () => {
  const { one, two, sync } = pair();
  one.canvas.apply('Mask', [{ type: 'add-mask', id: id('m'), name: 'm' }]);
  sync();
  one.canvas.apply('Brush stroke', [stroke('m', 'mine')]);
  sync();
  two.canvas.apply('Brush stroke', [stroke('m', 'yours')]);
  sync();
  one.canvas.undo();
  sync();
  expect(strokeIds(two.canvas.model.get(), 'm')).toEqual(['yours']);
  one.canvas.redo();
  sync();
  expect(strokeIds(two.canvas.model.get(), 'm')).toEqual(['yours', 'mine']);
});

test('clearing a mask comes back below what was painted since', () => {
  const { canvas } = open();
  canvas.apply('Mask', [{ type: 'add-mask', id: id('m'), name: 'm' }]);
  canvas.apply('Brush stroke', [stroke('m', 'a'), stroke('m', 'b')]);
  canvas.apply('Clear mask', [{ type: 'clear-paint', id: id('m') }]);
  expect(strokeIds(canvas.model.get(), 'm')).toEqual([]);
  canvas.undo();
  expect(strokeIds(canvas.model.get(), 'm')).toEqual(['a', 'b']);
});

test('a duplicate lies right above and shares nothing with the first', () => {
  const { canvas } = open();
  canvas.apply('Mask', [{ type: 'add-mask', id: id('m'), name: 'm' }]);
  canvas.apply('Brush stroke', [stroke('m', 'a')]);
  canvas.apply('Duplicate', [{ type: 'duplicate-layer', id: id('m'), copyId: id('n'), offset: 16 }]);
  canvas.apply('Brush stroke', [stroke('n', 'b')]);
  expect(names(canvas.model.get())).toEqual(['m', 'm copy']);
  expect(strokeIds(canvas.model.get(), 'm')).toEqual(['a']);
  expect(strokeIds(canvas.model.get(), 'n')).toEqual(['a', 'b']);
});

test('what did not change stays the same object', () => {
  const { canvas } = open();
  canvas.apply('Add', [image('one'), image('two')]);
  const [one] = canvas.model.get().layers;
  canvas.apply('Rename', [{ type: 'patch-layer', id: id('two'), patch: { name: 'x' } }]);
  expect(canvas.model.get().layers[0]).toBe(one);
});

test('a viewer writes nothing', () => {
  const doc = new Y.Doc();
  initialiseCanvas(doc, '');
  const canvas = createCanvasDocument({ doc, canEdit: createStore(false) });
  canvas.apply('Add', [image('one')]);
  expect(canvas.model.get().layers).toEqual([]);
});

type Move =
  | { readonly who: 0 | 1; readonly act: 'undo' | 'redo' | 'sync' }
  | { readonly who: 0 | 1; readonly act: 'apply'; readonly command: (known: readonly LayerId[]) => Command };

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    who: fc.constantFrom(0 as const, 1 as const),
    act: fc.constantFrom('undo' as const, 'redo' as const, 'sync' as const),
  }),
  fc
    .record({
      who: fc.constantFrom(0 as const, 1 as const),
      kind: fc.integer({ min: 0, max: 12 }),
      at: fc.nat(20),
      place: fc.nat(6),
      value: fc.integer({ min: -500, max: 500 }),
      unique: fc.uuid(),
    })
    .map(({ who, kind, at, place, value, unique }) => ({
      who,
      act: 'apply' as const,
      command: (known: readonly LayerId[]): Command => {
        const target = known[at % Math.max(1, known.length)] ?? id('nobody');
        switch (kind) {
          case 0:
            return {
              type: 'add-image',
              id: id(unique),
              name: 'x',
              asset,
              width: 9,
              height: 9,
              transform: [0, 0, 1, 1, 0],
            };
          case 1:
            return { type: 'add-mask', id: id(unique), name: 'm' };
          case 2:
            return { type: 'patch-layer', id: target, patch: { transform: [value, at, 1, 1, 0] } };
          case 3:
            return { type: 'reorder', ids: [target], place };
          case 4:
            return { type: 'delete-layer', id: target };
          case 5:
            return { type: 'duplicate-layer', id: target, copyId: id(unique), offset: 8 };
          case 6:
            return stroke(target, unique);
          case 7:
            return { type: 'clear-paint', id: target };
          case 8: {
            const picture = place % 2 === 0 ? { picture: { asset, width: 9, height: 9 } } : {};
            const transform: Transform = [0, 0, 1, 1, 0];
            return { type: 'add-control', id: id(unique), name: 'c', map: 'edge', transform, ...picture };
          }
          case 9:
            return { type: 'patch-layer', id: target, patch: { strength: (value & 7) / 7, range: [0, 0.5] } };
          case 10:
            return { type: 'set-reference', picture: place === 0 ? null : { asset, name: unique } };
          case 11:
            return { type: 'set-reference-strength', strength: (value & 7) / 7 };
          default:
            return { type: 'set-frame', rect: [value, at, 256, 256] };
        }
      },
    })),
);

test('two editors that do anything in any order end with the same canvas, whole and equal to a fresh reading', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 40 }), (moves) => {
      const { one, two, sync } = pair();
      for (const move of moves) {
        const { canvas } = move.who === 0 ? one : two;
        if (move.act === 'sync') sync();
        else if (move.act === 'undo') canvas.undo();
        else if (move.act === 'redo') canvas.redo();
        else if (move.act === 'apply')
          canvas.apply('Act', [move.command(canvas.model.get().layers.map((layer) => layer.id))]);
      }
      sync();
      expect(one.canvas.model.get()).toEqual(two.canvas.model.get());
      expect(one.canvas.model.get()).toEqual(readCanvas(one.doc));
      // No undo may leave a layer without its place or transform (yjs#514).
      for (const map of one.doc.getMap<Y.Map<unknown>>('layers').values()) {
        expect(map.get('xf')).toBeDefined();
        expect(map.get('pos')).toBeDefined();
      }
    }),
    { numRuns: 150 },
  );
}, 30_000);

test('undoing everything and redoing everything ends where it was', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 25 }), (moves) => {
      const { canvas } = open();
      for (const move of moves) {
        if (move.act === 'apply')
          canvas.apply('Act', [move.command(canvas.model.get().layers.map((layer) => layer.id))]);
      }
      const after = canvas.model.get();
      while (canvas.history.get().undo !== null) canvas.undo();
      expect(canvas.model.get().layers).toEqual([]);
      expect(canvas.model.get().frame).toEqual([0, 0, 256, 256]);
      expect(canvas.model.get().reference).toBeNull();
      while (canvas.history.get().redo !== null) canvas.redo();
      expect(canvas.model.get()).toEqual(after);
    }),
    { numRuns: 100 },
  );
});
