import * as Y from 'yjs';
import {
  compareText,
  layerMap,
  readCandidates,
  readLayer,
  rootsOf,
} from '../../../shared/document/canvas.ts';
import { indexAtPlace, indexBetween, indexOnTop } from '../../../shared/document/order.ts';
import {
  candidateSchema,
  type ControlLayer,
  identityTransform,
  isPaintLayer,
  type Layer,
  type LayerId,
  layerIdSchema,
  layerKeys,
  type PaintLayer,
  positionSchema,
  type Transform,
} from '../../../shared/document/schema.ts';
import { encodeStroke } from '../../../shared/document/strokes.ts';
import type { Command, LayerPatch } from '../core/document-port.ts';
import { type Edit, type MapName, mapOf, performEdits, strokesOf } from './edits.ts';

/**
 * Carries one command out on the document and returns what it did, as edits that can be taken back. A command about
 * something that no longer exists does nothing. Call inside a transaction.
 */
export function runCommand(doc: Y.Doc, command: Command): readonly Edit[] {
  switch (command.type) {
    case 'add-image':
      return createLayer(doc, command.id, {
        [layerKeys.kind]: 'image',
        [layerKeys.name]: command.name,
        [layerKeys.asset]: command.asset,
        [layerKeys.size]: [command.width, command.height],
        [layerKeys.transform]: command.transform,
        [layerKeys.position]: [null, indexAboveImages(outlineOf(doc))],
      });
    case 'add-mask':
      return createPainted(doc, command.id, {
        [layerKeys.kind]: 'mask',
        [layerKeys.name]: command.name,
        [layerKeys.position]: [null, indexOnTop(outlineOf(doc))],
      });
    case 'add-control': {
      const { id, name, map, region, picture, tiles, transform } = command;
      return createPainted(doc, id, {
        [layerKeys.kind]: 'control',
        [layerKeys.name]: name,
        [layerKeys.map]: map,
        [layerKeys.transform]: transform,
        [layerKeys.position]: [null, indexOnTop(outlineOf(doc))],
        ...(region === undefined ? {} : { [layerKeys.region]: region }),
        ...pictureValues(picture ?? null),
        ...(tiles === undefined ? {} : { [layerKeys.tiles]: new Y.Map(tiles) }),
      });
    }
    case 'patch-layer':
      return patchLayer(doc, command.id, command.patch);
    case 'reorder':
      return reorder(doc, command.ids, command.place);
    case 'delete-layer':
      return layerMap(doc, command.id) === undefined
        ? []
        : set(doc, `layer:${command.id}`, layerKeys.deleted, true);
    case 'duplicate-layer':
      return duplicate(doc, command.id, command.copyId, command.offset);
    case 'add-stroke': {
      if (layerMap(doc, command.id) === undefined || strokesOf(doc, command.id) === undefined) return [];
      return done(doc, [{ kind: 'paint', layerId: command.id, end: 'top', strokes: [command.stroke] }]);
    }
    case 'clear-paint':
      return clearPaint(doc, command.id);
    case 'set-frame':
      return set(doc, 'frame', 'rect', command.rect);
    case 'set-reference':
      return set(doc, 'reference', 'picture', command.picture ?? undefined);
    case 'set-reference-strength':
      return set(doc, 'reference', 'strength', command.strength);
    case 'accept-candidate': {
      const candidate = readCandidates(rootsOf(doc).candidates).find(({ id }) => id === command.id);
      if (candidate === undefined || candidate.state !== 'staged') return [];
      const { id, ...value } = candidate;
      const { rect, placement, width, height } = candidate;
      const filling: Transform = [rect[0], rect[1], rect[2] / width, rect[3] / height, 0];
      return [
        ...createLayer(doc, command.layerId, {
          [layerKeys.kind]: 'image',
          [layerKeys.name]: nameFrom(candidate.prompt),
          [layerKeys.asset]: candidate.asset,
          [layerKeys.size]: [width, height],
          [layerKeys.transform]: placement?.transform ?? filling,
          [layerKeys.position]: [null, indexAbove(outlineOf(doc), placement?.above)],
          [layerKeys.outputId]: id,
        }),
        ...set(
          doc,
          'candidates',
          id,
          candidateSchema.parse({ ...value, state: 'accepted', layerId: command.layerId }),
        ),
      ];
    }
    case 'discard-candidate': {
      const candidate = readCandidates(rootsOf(doc).candidates).find(({ id }) => id === command.id);
      if (candidate === undefined) return [];
      const { id, ...value } = candidate;
      return set(doc, 'candidates', id, { ...value, state: 'discarded' });
    }
  }
}

/** The index right above the layer whose place a picture takes, if it is still there; else above all pictures. */
function indexAbove(layers: readonly Outline[], id: LayerId | undefined): string {
  const at = layers.findIndex((layer) => layer.id === id);
  const under = layers[at];
  if (under === undefined) return indexAboveImages(layers);
  return indexBetween(under.index, layers[at + 1]?.index ?? null);
}

/** The index above the topmost picture and below the masks over it: masks act on what lies under them. */
function indexAboveImages(layers: readonly Outline[]): string {
  const top = layers.findLastIndex((layer) => layer.kind === 'image');
  return indexBetween(layers[top]?.index ?? null, layers[top + 1]?.index ?? null);
}

/** What placing a layer needs to know of the others. */
interface Outline {
  readonly id: LayerId;
  readonly kind: unknown;
  readonly parent: LayerId | null;
  readonly index: string;
}

/** The layers in order, bottom first, without reading what they hold: a hundred duplicates read them a hundred times. */
function outlineOf(doc: Y.Doc): readonly Outline[] {
  const found: Outline[] = [];
  for (const [key, map] of rootsOf(doc).layers.entries()) {
    const id = layerIdSchema.safeParse(key);
    const position = positionSchema.safeParse(map.get(layerKeys.position));
    if (!id.success || !position.success || map.get(layerKeys.deleted) === true) continue;
    const [parent, index] = position.data;
    found.push({ id: id.data, kind: map.get(layerKeys.kind), parent, index });
  }
  return found.sort((a, b) => compareText(a.index, b.index) || compareText(a.id, b.id));
}

function layerOf(doc: Y.Doc, id: LayerId): Layer | undefined {
  const map = layerMap(doc, id);
  return map === undefined ? undefined : readLayer(id, map);
}

function done(doc: Y.Doc, edits: readonly Edit[]): readonly Edit[] {
  performEdits(doc, edits);
  return edits;
}

/** Sets one value; a value that is there already is no edit. */
function set(doc: Y.Doc, map: MapName, key: string, after: unknown): readonly Edit[] {
  const before = mapOf(doc, map)?.get(key);
  if (before === after || JSON.stringify(before) === JSON.stringify(after)) return [];
  return done(doc, [{ kind: 'value', map, key, before, after }]);
}

/**
 * Writes a new layer. Taking that back is a soft delete, as with any layer: what others did to it in the meantime is
 * there again after a redo.
 */
function createLayer(doc: Y.Doc, id: LayerId, values: Readonly<Record<string, unknown>>): readonly Edit[] {
  const { layers } = rootsOf(doc);
  if (layers.has(id)) return [];
  const map = new Y.Map<unknown>();
  for (const [key, value] of Object.entries(values)) map.set(key, value);
  layers.set(id, map);
  return [{ kind: 'value', map: `layer:${id}`, key: layerKeys.deleted, before: true, after: undefined }];
}

/** A mask or a control layer: what a brush paints on. */
function createPainted(doc: Y.Doc, id: LayerId, values: Readonly<Record<string, unknown>>): readonly Edit[] {
  return createLayer(doc, id, {
    [layerKeys.transform]: identityTransform,
    [layerKeys.tiles]: new Y.Map(),
    [layerKeys.strokes]: new Y.Array(),
    ...values,
  });
}

function patchLayer(doc: Y.Doc, id: LayerId, patch: LayerPatch): readonly Edit[] {
  if (layerMap(doc, id) === undefined) return [];
  const { name, transform, opacity, blend, hidden, locked, inverted, map, region, strength, range } = patch;
  const values: readonly (readonly [string, unknown])[] = [
    [layerKeys.name, name],
    [layerKeys.transform, transform],
    [layerKeys.opacity, opacity],
    [layerKeys.blend, blend],
    [layerKeys.hidden, hidden],
    [layerKeys.locked, locked],
    [layerKeys.inverted, inverted],
    [layerKeys.map, map],
    [layerKeys.region, region],
    [layerKeys.strength, strength],
    [layerKeys.range, range],
  ];
  return values.flatMap(([key, value]) => (value === undefined ? [] : set(doc, `layer:${id}`, key, value)));
}

function reorder(doc: Y.Doc, ids: readonly LayerId[], place: number): readonly Edit[] {
  const layers = outlineOf(doc);
  const moving = layers.filter((layer) => ids.includes(layer.id));
  const others = layers.filter((layer) => !ids.includes(layer.id));
  const at = Math.max(0, Math.min(others.length, place));
  const target = [...others.slice(0, at), ...moving, ...others.slice(at)];
  if (target.every((layer, i) => layer.id === layers[i]?.id)) return [];
  const edits: Edit[] = [];
  let below = others[at - 1]?.index ?? null;
  const above = others[at]?.index ?? null;
  for (const layer of moving) {
    below = indexBetween(below, above);
    edits.push(...set(doc, `layer:${layer.id}`, layerKeys.position, [layer.parent, below]));
  }
  return edits;
}

function duplicate(doc: Y.Doc, id: LayerId, copyId: LayerId, offset: number): readonly Edit[] {
  const layer = layerOf(doc, id);
  if (layer === undefined) return [];
  const layers = outlineOf(doc);
  const at = layers.findIndex((other) => other.id === id);
  const [x, y, sx, sy, rotation] = layer.transform;
  const values = {
    [layerKeys.kind]: layer.kind,
    [layerKeys.name]: `${layer.name} copy`,
    [layerKeys.transform]: [x + offset, y + offset, sx, sy, rotation],
    [layerKeys.position]: [layer.parent, indexAtPlace(layers, copyId, at + 1)],
    [layerKeys.opacity]: layer.opacity,
    [layerKeys.blend]: layer.blend,
    [layerKeys.hidden]: layer.hidden,
    [layerKeys.locked]: false,
  };
  switch (layer.kind) {
    case 'image':
      return createLayer(doc, copyId, {
        ...values,
        [layerKeys.asset]: layer.asset,
        [layerKeys.size]: [layer.width, layer.height],
        ...(layer.outputId === null ? {} : { [layerKeys.outputId]: layer.outputId }),
      });
    case 'mask':
      return createPainted(doc, copyId, {
        ...values,
        ...paintValues(layer),
        [layerKeys.inverted]: layer.inverted,
      });
    case 'control':
      return createPainted(doc, copyId, {
        ...values,
        ...paintValues(layer),
        ...pictureValues(layer.picture),
        [layerKeys.map]: layer.map,
        [layerKeys.region]: layer.region,
        [layerKeys.strength]: layer.strength,
        [layerKeys.range]: layer.range,
      });
  }
}

function paintValues(layer: PaintLayer): Readonly<Record<string, unknown>> {
  return {
    [layerKeys.tiles]: new Y.Map(layer.tiles),
    [layerKeys.strokes]: Y.Array.from(layer.strokes.map(encodeStroke)),
  };
}

function pictureValues(picture: ControlLayer['picture']): Readonly<Record<string, unknown>> {
  return picture === null
    ? {}
    : { [layerKeys.asset]: picture.asset, [layerKeys.size]: [picture.width, picture.height] };
}

function clearPaint(doc: Y.Doc, id: LayerId): readonly Edit[] {
  const layer = layerOf(doc, id);
  if (layer === undefined || !isPaintLayer(layer)) return [];
  const tiles = [...layer.tiles.keys()].flatMap((key) => set(doc, `tiles:${id}`, key, undefined));
  const strokes: readonly Edit[] =
    layer.strokes.length === 0
      ? []
      : done(doc, [{ kind: 'unpaint', layerId: id, end: 'bottom', strokes: layer.strokes }]);
  return [...tiles, ...strokes];
}

/** A layer's name out of its prompt: the first words, at most forty letters. */
function nameFrom(prompt: string): string {
  const words = prompt.trim().replace(/\s+/gu, ' ');
  if (words === '') return 'Picture';
  if (words.length <= 40) return words;
  const cut = words.slice(0, 40);
  return `${cut.slice(0, Math.max(20, cut.lastIndexOf(' ')))}…`;
}
