import type { ControlRequest } from '../../shared/contracts/generation.ts';
import type { ControlKind } from '../../shared/contracts/recipe.ts';
import type { CanvasModel, ControlLayer } from '../../shared/document/schema.ts';
import { segmentColors } from '../../shared/raster/segment-colors.ts';
import { toByte } from './compose.ts';
import { type Composing, drawPaint, drawPicture } from './draw-layer.ts';

/** A control map inside the frame, at the size of the picture to make. */
export interface ComposedMap {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue per pixel. */
  readonly rgb: Uint8Array;
}

/** The layers of a canvas version that a map is composed of, bottom first; none for a map that is a stored file. */
export function layersOf(canvas: CanvasModel, { source }: ControlRequest): readonly ControlLayer[] {
  if (source.kind === 'asset') return [];
  return canvas.layers.filter(
    (layer): layer is ControlLayer => layer.kind === 'control' && source.layerIds.includes(layer.id),
  );
}

/** Content hashes that `composeControl` will look up, without doubles. */
export function listMapAssets(layers: readonly ControlLayer[]): {
  readonly pictures: readonly string[];
  readonly tiles: readonly string[];
} {
  const pictures = layers.flatMap(({ picture }) => picture?.asset ?? []);
  return {
    pictures: [...new Set(pictures)],
    tiles: [...new Set(layers.flatMap((layer) => [...layer.tiles.values()]))],
  };
}

/**
 * Composes one control map of its layers, bottom first: each layer's picture, over it the paint, white or in the colour of
 * the region. Where nothing is, a segmentation is background and every other map black. Pure.
 */
export function composeControl(
  kind: ControlKind,
  layers: readonly ControlLayer[],
  composing: Composing,
): ComposedMap {
  const { width, height } = composing.request;
  const ground = kind === 'segmentation' ? colorOf(0) : black;
  const pixels = new Float64Array(width * height * 4);
  for (let i = 0; i < pixels.length; i += 4) pixels.set([...ground, 1], i);
  for (const layer of layers) {
    if (layer.picture !== null) {
      const { transform } = layer;
      drawPicture(pixels, { ...layer.picture, transform, opacity: 1, blend: 'normal' }, composing);
    }
    const color = kind === 'segmentation' ? colorOf(layer.region) : white;
    const keepsLines = kind === 'edge' || kind === 'scribble';
    drawPaint(layer, { ...composing, keepsLines }, (at, painted) => {
      const share = painted / 255;
      for (let c = 0; c < 3; c += 1) {
        const below = pixels[at * 4 + c] ?? 0;
        pixels[at * 4 + c] = below + ((color[c] ?? 0) - below) * share;
      }
    });
  }
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i += 1) rgb[i] = toByte(pixels[Math.floor(i / 3) * 4 + (i % 3)] ?? 0);
  return { width, height, rgb };
}

const black = [0, 0, 0] as const;
const white = [1, 1, 1] as const;

function colorOf(region: number): readonly [number, number, number] {
  const [red, green, blue] = segmentColors[region] ?? [0, 0, 0];
  return [red / 255, green / 255, blue / 255];
}
