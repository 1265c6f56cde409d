import type { LayerId } from '../../../shared/document/schema.ts';

/** Tints of masks: apart from each other and from the accent, and none of sky or grass, which pictures are full of. */
const tints = ['#e0402a', '#9a4fe0', '#d6338a', '#d6780a'] as const;

/** The tint of a mask, the same for everybody: it depends on the id alone. */
export function maskColor(id: LayerId): string {
  let hash = 0;
  for (let i = 0; i < id.length; i += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return tints[hash % tints.length] ?? tints[0];
}
