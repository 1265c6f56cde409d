/**
 * Where to go after signing in, out of an address anybody may have written: only a path of this site, else the home
 * page. `//host` and `/\host` would lead away, so they are refused.
 */
export function safeNextPath(next: string | readonly string[] | undefined): string {
  if (typeof next !== 'string' || !/^\/(?![/\\])[^\s\\]*$/.test(next)) return '/';
  return next;
}

/** The address of a page before the studio that comes back to `next`. */
export function withNext(path: string, next: string): string {
  return next === '/' ? path : `${path}?next=${encodeURIComponent(next)}`;
}
