const key = 'gesso-known';

/** Notes that somebody has signed in here, so that the next visit starts with signing in, not with signing up. */
export function rememberVisit(): void {
  try {
    window.localStorage.setItem(key, '1');
  } catch {
    // Storage is closed: the next visit starts with signing up, one press away from signing in.
  }
}

export function isKnownBrowser(): boolean {
  try {
    return window.localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}
