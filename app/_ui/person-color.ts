/** How many colours people can have; `--person-1` … `--person-8` in globals.css. */
export const personColorCount = 8;

/**
 * A person's colour, 1 … 8, the same on every machine and in every canvas: FNV-1a of the user id. Two people of one team
 * may share one; names stand beside colours everywhere.
 */
export function personColorIndex(userId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < userId.length; at += 1) {
    hash = Math.imul(hash ^ userId.charCodeAt(at), 0x01000193) >>> 0;
  }
  return (hash % personColorCount) + 1;
}

/** The CSS value of a person's colour. */
export function personColor(userId: string): string {
  return `var(--person-${personColorIndex(userId)})`;
}

/** Up to two initials of a name, for an avatar: first letters of its first and last word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined) return '?';
  const letters = words.length === 1 ? [firstLetter(first)] : [firstLetter(first), firstLetter(last)];
  return letters.join('').toUpperCase();
}

function firstLetter(word: string): string {
  return [...word][0] ?? '';
}
