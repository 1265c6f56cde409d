import * as Y from 'yjs';
import { z } from 'zod';
import {
  blendModeSchema,
  type CanvasModel,
  type Candidate,
  candidateSchema,
  type ContentHash,
  contentHashSchema,
  type ControlLayer,
  controlSchemas,
  defaultFrame,
  identityTransform,
  type Layer,
  type LayerId,
  layerIdSchema,
  layerKeys,
  longestPrompt,
  outputIdSchema,
  positionSchema,
  type Rect,
  rectSchema,
  type Reference,
  referencePictureSchema,
  schemaVersion,
  type Settings,
  settingsSchema,
  type Stroke,
  transformSchema,
  usualReferenceStrength,
} from './schema.ts';
import { wholeRange } from '../contracts/recipe.ts';
import { decodeStroke } from './strokes.ts';

/** The root types of a canvas document, by name. */
export interface CanvasRoots {
  readonly meta: Y.Map<unknown>;
  readonly layers: Y.Map<Y.Map<unknown>>;
  readonly frame: Y.Map<unknown>;
  readonly reference: Y.Map<unknown>;
  readonly prompt: Y.Text;
  readonly negativePrompt: Y.Text;
  readonly settings: Y.Map<unknown>;
  readonly candidates: Y.Map<unknown>;
}

/** The root types of `doc`. Asking for them changes nothing in the document. */
export function rootsOf(doc: Y.Doc): CanvasRoots {
  return {
    meta: doc.getMap('meta'),
    layers: doc.getMap('layers'),
    frame: doc.getMap('frame'),
    reference: doc.getMap('reference'),
    prompt: doc.getText('prompt'),
    negativePrompt: doc.getText('negative'),
    settings: doc.getMap('settings'),
    candidates: doc.getMap('candidates'),
  };
}

/** Writes what every canvas starts with. Meant for a new, empty document, by the server. */
export function initialiseCanvas(doc: Y.Doc, prompt: string): void {
  const roots = rootsOf(doc);
  doc.transact(() => {
    roots.meta.set('schema', schemaVersion);
    roots.frame.set('rect', defaultFrame);
    roots.prompt.insert(0, prompt);
  });
}

/**
 * The document as plain, checked data. What does not parse is left out, so one bad value from a careless client costs
 * that value and nothing else. Pure: the same document state gives the same model everywhere.
 */
export function readCanvas(doc: Y.Doc): CanvasModel {
  const roots = rootsOf(doc);
  return {
    layers: readLayers(roots.layers),
    frame: readFrame(roots.frame),
    reference: readReference(roots.reference),
    prompt: roots.prompt.toString().slice(0, longestPrompt),
    negativePrompt: roots.negativePrompt.toString().slice(0, longestPrompt),
    settings: readSettings(roots.settings),
    candidates: readCandidates(roots.candidates),
  };
}

export function readFrame(frame: Y.Map<unknown>): Rect {
  return rectSchema.catch(defaultFrame).parse(frame.get('rect'));
}

/** The picture that is followed, or null. */
export function readReference(reference: Y.Map<unknown>): Reference | null {
  const picture = referencePictureSchema.safeParse(reference.get('picture'));
  if (!picture.success) return null;
  const strength = controlSchemas.strength.catch(usualReferenceStrength).parse(reference.get('strength'));
  return { ...picture.data, strength };
}

export function readSettings(settings: Y.Map<unknown>): Settings {
  return settingsSchema.parse(settings.toJSON());
}

/** Candidates that are not discarded, oldest first, ties by id. */
export function readCandidates(candidates: Y.Map<unknown>): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const [key, value] of candidates.entries()) {
    const id = outputIdSchema.safeParse(key);
    const candidate = candidateSchema.safeParse(value);
    if (id.success && candidate.success && candidate.data.state !== 'discarded')
      found.push({ ...candidate.data, id: id.data });
  }
  return found.sort((a, b) => a.at - b.at || compareText(a.id, b.id));
}

/** Layers that are not deleted, bottom first. */
export function readLayers(layers: Y.Map<Y.Map<unknown>>): readonly Layer[] {
  const found: Layer[] = [];
  for (const [key, map] of layers.entries()) {
    const layer = map instanceof Y.Map ? readLayer(key, map) : undefined;
    if (layer !== undefined) found.push(layer);
  }
  return found.sort((a, b) => compareText(a.index, b.index) || compareText(a.id, b.id));
}

const sizeSchema = z.tuple([z.number().int().min(1).max(16_384), z.number().int().min(1).max(16_384)]);
const nameSchema = z.string().transform((text) => text.slice(0, 200));
const opacitySchema = z.number().min(0).max(1);

/** One layer that is not deleted; undefined when it does not parse. */
export function readLayer(key: string, map: Y.Map<unknown>): Layer | undefined {
  const id = layerIdSchema.safeParse(key);
  const position = positionSchema.safeParse(map.get(layerKeys.position));
  if (!id.success || !position.success || map.get(layerKeys.deleted) === true) return undefined;
  const base = {
    id: id.data,
    name: nameSchema.catch('Layer').parse(map.get(layerKeys.name)),
    parent: position.data[0],
    index: position.data[1],
    transform: transformSchema.catch(identityTransform).parse(map.get(layerKeys.transform)),
    opacity: opacitySchema.catch(1).parse(map.get(layerKeys.opacity)),
    blend: blendModeSchema.catch('normal').parse(map.get(layerKeys.blend)),
    hidden: map.get(layerKeys.hidden) === true,
    locked: map.get(layerKeys.locked) === true,
  };
  switch (map.get(layerKeys.kind)) {
    case 'image': {
      const asset = contentHashSchema.safeParse(map.get(layerKeys.asset));
      const size = sizeSchema.safeParse(map.get(layerKeys.size));
      if (!asset.success || !size.success) return undefined;
      const outputId = outputIdSchema
        .nullable()
        .catch(null)
        .parse(map.get(layerKeys.outputId) ?? null);
      return {
        ...base,
        kind: 'image',
        asset: asset.data,
        width: size.data[0],
        height: size.data[1],
        outputId,
      };
    }
    case 'mask':
      return {
        ...base,
        kind: 'mask',
        tiles: readTiles(map.get(layerKeys.tiles)),
        strokes: readStrokes(map.get(layerKeys.strokes)),
        inverted: map.get(layerKeys.inverted) === true,
      };
    case 'control': {
      const kind = controlSchemas.map.safeParse(map.get(layerKeys.map));
      if (!kind.success) return undefined;
      return {
        ...base,
        kind: 'control',
        map: kind.data,
        picture: readMapPicture(map),
        region: controlSchemas.region.catch(firstThing).parse(map.get(layerKeys.region)),
        strength: controlSchemas.strength.catch(1).parse(map.get(layerKeys.strength)),
        range: controlSchemas.range.catch(wholeRange).parse(map.get(layerKeys.range)),
        tiles: readTiles(map.get(layerKeys.tiles)),
        strokes: readStrokes(map.get(layerKeys.strokes)),
      };
    }
    default:
      return undefined;
  }
}

/** The region that a new segmentation layer paints: 0 and 1 are the background and the ground. */
const firstThing = 2;

function readMapPicture(map: Y.Map<unknown>): ControlLayer['picture'] {
  const asset = contentHashSchema.safeParse(map.get(layerKeys.asset));
  const size = sizeSchema.safeParse(map.get(layerKeys.size));
  return asset.success && size.success
    ? { asset: asset.data, width: size.data[0], height: size.data[1] }
    : null;
}

function readTiles(tiles: unknown): ReadonlyMap<string, ContentHash> {
  const found = new Map<string, ContentHash>();
  if (!(tiles instanceof Y.Map)) return found;
  for (const [key, value] of tiles.entries()) {
    const hash = contentHashSchema.safeParse(value);
    if (/^-?\d{1,4},-?\d{1,4}$/.test(key) && hash.success) found.set(key, hash.data);
  }
  return found;
}

/** The strokes of an unbaked tail that can be read, in paint order. */
export function readStrokes(strokes: unknown): readonly Stroke[] {
  if (!(strokes instanceof Y.Array)) return [];
  return strokes.toArray().flatMap((value) => decodeStroke(value) ?? []);
}

/** The Y.Map of a layer that exists and is not deleted. */
export function layerMap(doc: Y.Doc, id: LayerId): Y.Map<unknown> | undefined {
  const map = rootsOf(doc).layers.get(id);
  return map instanceof Y.Map && map.get(layerKeys.deleted) !== true ? map : undefined;
}

/** Order by UTF-16 code unit, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
