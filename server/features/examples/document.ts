import * as Y from 'yjs';
import { initialiseCanvas, rootsOf } from '../../../shared/document/canvas.ts';
import { indexBetween } from '../../../shared/document/order.ts';
import { type ContentHash, identityTransform, layerKeys } from '../../../shared/document/schema.ts';
import type { Example } from './catalogue.ts';

/** A file of an example as the team has it. */
export interface StoredFile {
  readonly hash: ContentHash;
  readonly width: number;
  readonly height: number;
}

type LayerValues = Readonly<Record<string, unknown>>;

/**
 * The document that an example opens as: its prompt, how Generate reads it, its layers and its reference. `stored` finds the
 * team's copy of each file.
 */
export function buildExample(example: Example, stored: (file: string) => StoredFile): Y.Doc {
  const doc = new Y.Doc();
  initialiseCanvas(doc, example.prompt);
  const { layers, reference, settings } = rootsOf(doc);
  doc.transact(() => {
    if (example.mode !== 'auto') settings.set('mode', example.mode);
    if (example.reference !== undefined) {
      const { name, picture } = example.reference;
      reference.set('picture', { asset: stored(picture).hash, name });
    }
    let below: string | null = null;
    for (const layer of example.layers) {
      below = indexBetween(below, null);
      const map = new Y.Map<unknown>();
      const values = {
        [layerKeys.name]: layer.name,
        [layerKeys.transform]: identityTransform,
        [layerKeys.position]: [null, below],
        ...valuesOf(layer, stored),
      };
      for (const [key, value] of Object.entries(values)) map.set(key, value);
      layers.set(layer.id, map);
    }
  });
  return doc;
}

function valuesOf(layer: Example['layers'][number], stored: (file: string) => StoredFile): LayerValues {
  switch (layer.kind) {
    case 'image':
      return {
        [layerKeys.kind]: 'image',
        ...pictureValues(layer.picture, stored),
        ...(layer.transform === undefined ? {} : { [layerKeys.transform]: layer.transform }),
      };
    case 'mask':
      return { [layerKeys.kind]: 'mask', ...paintValues(layer.paint, stored) };
    case 'control':
      return {
        [layerKeys.kind]: 'control',
        [layerKeys.map]: layer.map,
        ...(layer.region === undefined ? {} : { [layerKeys.region]: layer.region }),
        ...pictureValues(layer.picture, stored),
        ...paintValues(layer.paint, stored),
      };
  }
}

function pictureValues(picture: string | undefined, stored: (file: string) => StoredFile): LayerValues {
  if (picture === undefined) return {};
  const { hash, width, height } = stored(picture);
  return { [layerKeys.asset]: hash, [layerKeys.size]: [width, height] };
}

/** Paint as it lies on a layer after its strokes were baked: in the tile at the layer's origin. */
function paintValues(paint: string | undefined, stored: (file: string) => StoredFile): LayerValues {
  const tiles = new Y.Map<string>(paint === undefined ? [] : [['0,0', stored(paint).hash]]);
  return { [layerKeys.tiles]: tiles, [layerKeys.strokes]: new Y.Array() };
}
