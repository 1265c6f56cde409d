import type { LayerId, PaintLayer } from '../../../shared/document/schema.ts';
import { segmentColors } from '../../../shared/raster/segment-colors.ts';

/** Tints of masks: apart from each other and from the accent, and none of sky or grass, which pictures are full of. */
const tints = ['#e0402a', '#9a4fe0', '#d6338a', '#d6780a'] as const;

/** The tint of a mask, the same for everybody: it depends on the id alone. */
export function maskColor(id: LayerId): string {
  let hash = 0;
  for (let i = 0; i < id.length; i += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return tints[hash % tints.length] ?? tints[0];
}

/** What a mask's or control layer's paint looks like on the canvas: a region in the colour it has in its map. */
export function paintColor(layer: PaintLayer): string {
  if (layer.kind === 'mask' || layer.map !== 'segmentation') return maskColor(layer.id);
  const bytes = segmentColors[layer.region] ?? [];
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
