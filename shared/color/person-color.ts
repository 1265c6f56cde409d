import { toHex } from './oklch.ts';

/** A person's colour: for cursors, selections and ink. `ink` is for text on top of it. */
export interface PersonColor {
  readonly name: string;
  readonly color: string;
  readonly ink: string;
}

/**
 * Eight colours spread round the hue circle, at 3:1 or more on both grounds and dark enough for white text at 4.5:1, none of
 * them the accent: what one touches oneself stays apart from what others do.
 */
export const personColors: readonly PersonColor[] = (
  [
    ['vermilion', 0.58, 0.19, 32],
    ['amber', 0.57, 0.125, 65],
    ['olive', 0.555, 0.115, 112],
    ['green', 0.545, 0.13, 150],
    ['teal', 0.55, 0.095, 195],
    ['sky', 0.555, 0.12, 238],
    ['violet', 0.58, 0.19, 300],
    ['rose', 0.585, 0.2, 352],
  ] as const
).map(([name, lightness, chroma, hue]) => ({
  name,
  color: toHex({ lightness, chroma, hue }),
  ink: '#ffffff',
}));

/** The colour of a person: the same on every screen, because it depends on the id alone. */
export function personColor(userId: string): PersonColor {
  return colorAt(hashOf(userId));
}

/**
 * The colour of a person among others who have theirs already: their own where it is free, else the next free one round
 * the circle, so that eight people in one place never share one.
 */
export function personColorAmong(userId: string, taken: ReadonlySet<string>): PersonColor {
  const own = hashOf(userId);
  for (let step = 0; step < personColors.length; step += 1) {
    const candidate = colorAt(own + step);
    if (!taken.has(candidate.color)) return candidate;
  }
  return colorAt(own);
}

/** The colour that `color` spells, or the person's own when it is none of ours. */
export function readPersonColor(color: string, userId: string): PersonColor {
  return personColors.find((known) => known.color === color) ?? personColor(userId);
}

function colorAt(place: number): PersonColor {
  const found = personColors[place % personColors.length];
  if (found === undefined) throw new Error('there are no person colours');
  return found;
}

/** FNV-1a, 32 bits, with its halves mixed. */
function hashOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < userId.length; i += 1) {
    hash = Math.imul(hash ^ userId.charCodeAt(i), 0x01000193) >>> 0;
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Up to two letters for an avatar: of the first and the last word of a name, "?" for an empty one. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toLocaleUpperCase('en') || '?';
}
