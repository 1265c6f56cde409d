import {
  type ContentHash,
  type LayerId,
  type PaintLayer,
  type Stroke,
  tileSize,
} from '../../../shared/document/schema.ts';
import type { Box } from '../../../shared/geometry/box.ts';
import { boxesOverlap } from '../../../shared/geometry/box.ts';
import {
  applyCoverage,
  type MaskTiles,
  parseTileKey,
  rasteriseMask,
  rasteriseStroke,
  tileKey,
} from '../../../shared/raster/mask.ts';
import type { StrokePainter } from '../../../shared/raster/stroke-painter.ts';
import { strokeBox } from '../core/layer-geometry.ts';
import type { PictureStore } from './pictures.ts';

/** Tile pictures that are kept: 512 of 256 × 256 × 4 bytes are 128 MiB. */
const mostTiles = 512;

/** How a tile is drawn. */
interface TileLook {
  readonly ink: readonly StrokePainter[];
  /** #rrggbb */
  readonly color: string;
  readonly inverted: boolean;
}

/** The pixels of masks and control layers as tinted tile pictures, brought up to date stroke by stroke. */
export interface MaskTileCache {
  /** Takes in the newest state of a mask. Cheap when nothing changed. */
  update(layer: PaintLayer): void;
  /** Lets go of the pixels of masks that are no longer there. */
  keepOnly(ids: ReadonlySet<LayerId>): void;
  /** Keys of the tiles with paint on them, live ink included. */
  keys(id: LayerId, ink: readonly StrokePainter[]): ReadonlySet<string>;
  /** One tile with the strokes in the making on top, in a colour; null when it is empty. `inverted` turns it around. */
  tile(id: LayerId, key: string, look: TileLook): HTMLCanvasElement | null;
}

interface MaskState {
  layer: PaintLayer;
  /** Baked tiles as they are stored. */
  bases: MaskTiles;
  /** Baked tiles with the tail of strokes on top. */
  alpha: MaskTiles;
}

export function createMaskTileCache(pictures: PictureStore): MaskTileCache {
  const masks = new Map<LayerId, MaskState>();
  const baked = new Map<ContentHash, Uint8Array>();
  const drawn = new Map<string, { readonly canvas: HTMLCanvasElement; stamp: string }>();
  /** Grows whenever the stored pixels of a tile change. */
  const versions = new Map<string, number>();

  function touch(id: LayerId, key: string): void {
    const name = `${id}/${key}`;
    versions.set(name, (versions.get(name) ?? 0) + 1);
  }

  /** The baked tiles of a mask, or undefined while one of them is still on its way. */
  function basesOf(layer: PaintLayer): MaskTiles | undefined {
    const bases: MaskTiles = new Map();
    let isWaiting = false;
    for (const [key, hash] of layer.tiles) {
      const known = baked.get(hash) ?? decodeBaked(hash);
      if (known === undefined) isWaiting = true;
      else bases.set(key, known);
    }
    return isWaiting ? undefined : bases;
  }

  function decodeBaked(hash: ContentHash): Uint8Array | undefined {
    const picture = pictures.get(hash);
    switch (picture.state) {
      case 'loading':
        return undefined;
      case 'failed':
        return new Uint8Array(tileSize * tileSize);
      case 'ready': {
        const alpha = readGrey(picture.image);
        baked.set(hash, alpha);
        return alpha;
      }
    }
  }

  function rebuild(layer: PaintLayer, bases: MaskTiles): void {
    const before = masks.get(layer.id);
    const alpha: MaskTiles = new Map([...bases].map(([key, tile]) => [key, tile.slice()]));
    for (const stroke of layer.strokes) rasteriseStroke(alpha, stroke);
    masks.set(layer.id, { layer, bases, alpha });
    for (const key of new Set([...(before?.alpha.keys() ?? []), ...alpha.keys()])) touch(layer.id, key);
  }

  /** Paints again only the tiles that strokes which came or went can have touched. */
  function repaint(state: MaskState, layer: PaintLayer, changed: readonly Stroke[]): void {
    for (const key of tilesUnder(changed)) {
      const [column, row] = parseTileKey(key);
      const box: Box = { x: column * tileSize, y: row * tileSize, width: tileSize, height: tileSize };
      const strokes = layer.strokes.filter((stroke) => {
        const reached = strokeBox(stroke);
        return reached !== null && boxesOverlap(reached, box);
      });
      const bounds = { left: box.x, top: box.y, width: tileSize, height: tileSize };
      const alpha = rasteriseMask(state.bases, strokes, bounds);
      if (alpha.every((value) => value === 0)) state.alpha.delete(key);
      else state.alpha.set(key, alpha);
      touch(layer.id, key);
    }
    state.layer = layer;
  }

  return {
    update(layer) {
      const state = masks.get(layer.id);
      if (state?.layer === layer) return;
      if (
        state === undefined ||
        state.layer.tiles.size !== layer.tiles.size ||
        !sameTiles(state.layer, layer)
      ) {
        const bases = basesOf(layer);
        // While a freshly baked tile is loading, the strokes it was made of are still on show.
        if (bases !== undefined) rebuild(layer, bases);
        else if (state === undefined) rebuild({ ...layer, tiles: new Map() }, new Map());
        return;
      }
      const { strokes } = state.layer;
      let same = 0;
      while (
        same < strokes.length &&
        same < layer.strokes.length &&
        strokes[same]?.id === layer.strokes[same]?.id
      ) {
        same += 1;
      }
      if (same === strokes.length) {
        for (const stroke of layer.strokes.slice(same)) {
          for (const key of rasteriseStroke(state.alpha, stroke)) touch(layer.id, key);
        }
        state.layer = layer;
      } else {
        repaint(state, layer, [...strokes.slice(same), ...layer.strokes.slice(same)]);
      }
    },

    keepOnly(ids) {
      for (const id of masks.keys()) {
        if (ids.has(id)) continue;
        masks.delete(id);
        for (const name of [...drawn.keys()]) if (name.startsWith(`${id}/`)) drawn.delete(name);
      }
    },

    keys(id, ink) {
      const keys = new Set(masks.get(id)?.alpha.keys());
      for (const painter of ink) {
        if (painter.brush.tool === 'brush') for (const key of painter.coverage.keys()) keys.add(key);
      }
      return keys;
    },

    tile(id, key, { ink, color, inverted }) {
      const stored = masks.get(id)?.alpha.get(key);
      const live = ink.filter((painter) => painter.coverage.has(key));
      if (stored === undefined && live.length === 0) return null;
      const name = `${id}/${key}`;
      const stamp = [
        versions.get(name) ?? 0,
        inverted,
        color,
        ...live.map((painter) => `${painterNumber(painter)}:${painter.revisions.get(key)}`),
      ].join();
      const known = drawn.get(name);
      drawn.delete(name);
      const entry = known ?? { canvas: newTile(), stamp: '' };
      drawn.set(name, entry);
      if (entry.stamp !== stamp) {
        entry.stamp = stamp;
        const alpha = stored?.slice() ?? new Uint8Array(tileSize * tileSize);
        for (const painter of live) {
          const coverage = painter.coverage.get(key);
          if (coverage !== undefined) applyCoverage(alpha, coverage, painter.brush);
        }
        tint(entry.canvas, alpha, color, inverted);
      }
      if (drawn.size > mostTiles) {
        const [oldest] = drawn.keys();
        if (oldest !== undefined) drawn.delete(oldest);
      }
      return entry.canvas;
    },
  };
}

const painterNumbers = new WeakMap<StrokePainter, number>();
let lastPainter = 0;

function painterNumber(painter: StrokePainter): number {
  const known = painterNumbers.get(painter);
  if (known !== undefined) return known;
  lastPainter += 1;
  painterNumbers.set(painter, lastPainter);
  return lastPainter;
}

function sameTiles(a: PaintLayer, b: PaintLayer): boolean {
  for (const [key, hash] of a.tiles) if (b.tiles.get(key) !== hash) return false;
  return true;
}

function tilesUnder(strokes: readonly Stroke[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const stroke of strokes) {
    const box = strokeBox(stroke);
    if (box === null) continue;
    for (let row = Math.floor(box.y / tileSize); row * tileSize < box.y + box.height; row += 1) {
      for (let column = Math.floor(box.x / tileSize); column * tileSize < box.x + box.width; column += 1) {
        keys.add(tileKey(column, row));
      }
    }
  }
  return keys;
}

function newTile(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = tileSize;
  canvas.height = tileSize;
  return canvas;
}

/** Writes alpha in a colour. */
function tint(canvas: HTMLCanvasElement, alpha: Uint8Array, color: string, inverted: boolean): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(tileSize, tileSize);
  const pixels = new Uint32Array(image.data.buffer);
  const rgb = Number.parseInt(color.slice(1), 16);
  // The bytes of a pixel are R, G, B, A; every machine that runs a browser is little-endian.
  const bgr = ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  for (let i = 0; i < pixels.length; i += 1) {
    const value = alpha[i] ?? 0;
    pixels[i] = ((inverted ? 255 - value : value) << 24) | bgr;
  }
  context.putImageData(image, 0, 0);
}

/** The grey values of a baked tile. */
function readGrey(image: HTMLImageElement): Uint8Array {
  const canvas = newTile();
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const alpha = new Uint8Array(tileSize * tileSize);
  if (context === null) return alpha;
  context.drawImage(image, 0, 0, tileSize, tileSize);
  const { data } = context.getImageData(0, 0, tileSize, tileSize);
  for (let i = 0; i < alpha.length; i += 1) alpha[i] = data[i * 4] ?? 0;
  return alpha;
}
