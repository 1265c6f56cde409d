import type { Action } from './action.ts';

/**
 * The actions whose label or keywords have every word of the query, best first: a label that begins with it, then one
 * with a word that does, then the rest in their own order. An empty query finds all.
 */
export function searchActions(actions: readonly Action[], query: string): readonly Action[] {
  const listed = actions.filter((action) => action.isListed !== false);
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return listed;
  const whole = words.join(' ');
  return listed
    .map((action) => ({ action, rank: rankOf(action, words, whole) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ action }) => action);
}

function rankOf(action: Action, words: readonly string[], whole: string): number {
  const label = action.label.toLowerCase();
  const all = `${label} ${action.keywords ?? ''} ${action.group.toLowerCase()} ${(action.shortcuts ?? []).join(' ').toLowerCase()}`;
  if (!words.every((word) => all.includes(word))) return 3;
  if (label.startsWith(whole)) return 0;
  return label.split(/\s+/).some((word) => word.startsWith(whole)) ? 1 : 2;
}
