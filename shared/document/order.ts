import { generateKeyBetween } from 'jittered-fractional-indexing';
import type { Layer, LayerId } from './schema.ts';

/** What of a layer counts for its order. */
export type Placed = Pick<Layer, 'id' | 'index'>;

/**
 * A position index strictly between two neighbours (null = the end on that side). Jittered, so that two people who
 * insert into one gap at once get different keys.
 */
export function indexBetween(below: string | null, above: string | null): string {
  // Two neighbours with one key leave no room between them; take the room above instead.
  if (below !== null && above !== null && below >= above) return generateKeyBetween(below, null);
  return generateKeyBetween(below, above);
}

/** The index that puts a layer at the top of `layers` (bottom first). */
export function indexOnTop(layers: readonly Placed[]): string {
  return indexBetween(layers.at(-1)?.index ?? null, null);
}

/** The index that puts layer `id` at place `place` (0 = bottom) among the others. */
export function indexAtPlace(layers: readonly Placed[], id: LayerId, place: number): string {
  const others = layers.filter((layer) => layer.id !== id);
  const at = Math.max(0, Math.min(others.length, place));
  return indexBetween(others[at - 1]?.index ?? null, others[at]?.index ?? null);
}
