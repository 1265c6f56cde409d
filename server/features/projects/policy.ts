const longestName = 120;
const suffix = ' (copy)';

/** The name of a copy: never longer than a name may be. */
export function copyName(name: string): string {
  return `${name.slice(0, longestName - suffix.length)}${suffix}`;
}
