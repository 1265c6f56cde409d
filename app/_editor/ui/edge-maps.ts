'use client';

import {
  type ContentHash,
  contentHashSchema,
  type ImageLayer,
  tileSize,
  type Transform,
} from '../../../shared/document/schema.ts';
import { edgeMapSize } from '../../../shared/raster/edge-map.ts';
import type { Action } from '../core/action.ts';
import { selectedPictures } from '../core/actions/controls.ts';
import { applyCommands, type Editor, newLayerId } from '../core/editor.ts';
import { canvasBox } from '../core/layer-geometry.ts';
import type { PictureStore } from '../render/pictures.ts';
import { edgeMapAnswerSchema } from './edge-map-messages.ts';
import type { Uploader } from './uploader.ts';

interface EdgeMapOptions {
  readonly editor: Editor;
  readonly pictures: PictureStore;
  readonly uploader: Uploader;
  /** Stores one 256 × 256 tile of grey values. */
  readonly uploadTile: (tile: Blob) => Promise<{ readonly hash: string }>;
}

/** "Make an edge map": the lines of the selected pictures, as control layers over them that a brush can correct. */
export function edgeMapAction(options: EdgeMapOptions): Action {
  return {
    id: 'control.make-edges',
    label: 'Make an edge map',
    group: 'Control',
    icon: 'edges',
    keywords: 'canny lines outline controlnet derive',
    undo: 'document',
    isEnabled: (editor) => selectedPictures(editor).length > 0,
    perform: (editor) => {
      for (const layer of selectedPictures(editor)) void makeEdgeLayer(layer, options);
    },
  };
}

async function makeEdgeLayer(layer: ImageLayer, options: EdgeMapOptions): Promise<void> {
  const { editor, pictures, uploader } = options;
  const picture = pictures.get(layer.asset);
  if (picture.state !== 'ready') {
    editor.notify({
      tone: 'problem',
      text: `“${layer.name}” is not loaded yet, so its edges cannot be found.`,
      detail: 'Try again when it shows on the canvas.',
    });
    return;
  }
  const done = uploader.show(`the edges of ${layer.name}`, canvasBox(layer, null));
  try {
    const size = edgeMapSize(picture.image.naturalWidth, picture.image.naturalHeight);
    const found = await findEdges(picture.image, size);
    if (found.size === 0) {
      editor.notify({ tone: 'plain', text: `“${layer.name}” has no edges to follow.` });
      return;
    }
    const tiles = await storeTiles(found, options.uploadTile);
    const [x, y, scaleX, scaleY, turn] = layer.transform;
    const transform: Transform = [
      x,
      y,
      (scaleX * layer.width) / size.width,
      (scaleY * layer.height) / size.height,
      turn,
    ];
    const id = newLayerId(editor);
    const name = `Edges of ${layer.name}`.slice(0, 200);
    applyCommands(editor, 'Make an edge map', [
      { type: 'add-control', id, name, map: 'edge', transform, tiles },
    ]);
    editor.selection.set([id]);
    editor.announcement.set(`Made the edge map ${name}.`);
  } catch (problem) {
    editor.notify({
      tone: 'problem',
      text: `No edge map could be made of “${layer.name}”.`,
      detail:
        problem instanceof Error && problem.message !== ''
          ? problem.message
          : 'Nothing on the canvas has changed. Try again.',
    });
  } finally {
    done();
  }
}

/** The tiles with edges on them, found in a worker of its own, which ends afterwards. */
function findEdges(
  image: HTMLImageElement,
  size: { readonly width: number; readonly height: number },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const canvas = document.createElement('canvas');
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return Promise.reject(new Error('This browser lets no picture be read.'));
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, size.width, size.height);
  const { data } = context.getImageData(0, 0, size.width, size.height);
  const worker = new Worker(new URL('./edge-map-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<ReadonlyMap<string, Uint8Array>>((settle, fail) => {
    worker.addEventListener('message', (event: MessageEvent<unknown>) => {
      settle(new Map(edgeMapAnswerSchema.parse(event.data).tiles));
    });
    worker.addEventListener('error', (event) => fail(new Error(event.message)));
    worker.postMessage({ ...size, data }, [data.buffer]);
  }).finally(() => worker.terminate());
}

async function storeTiles(
  tiles: ReadonlyMap<string, Uint8Array>,
  upload: EdgeMapOptions['uploadTile'],
): Promise<ReadonlyMap<string, ContentHash>> {
  const stored = new Map<string, ContentHash>();
  for (const [key, pixels] of tiles) {
    const { hash } = await upload(await encodeTile(pixels));
    stored.set(key, contentHashSchema.parse(hash));
  }
  return stored;
}

function encodeTile(pixels: Uint8Array): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = tileSize;
  canvas.height = tileSize;
  const context = canvas.getContext('2d');
  if (context === null) return Promise.reject(new Error('This browser lets no picture be written.'));
  const image = context.createImageData(tileSize, tileSize);
  for (let i = 0; i < image.data.length; i += 1) {
    image.data[i] = i % 4 === 3 ? 255 : (pixels[i >> 2] ?? 0);
  }
  context.putImageData(image, 0, 0);
  return new Promise((settle, fail) => {
    canvas.toBlob((blob) => {
      if (blob === null) fail(new Error('This browser lets no picture be written.'));
      else settle(blob);
    }, 'image/png');
  });
}
