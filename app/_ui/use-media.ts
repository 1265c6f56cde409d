'use client';

import { useCallback, useSyncExternalStore } from 'react';

/** Whether a media query holds now; false on the server and in the first render. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', changed);
      return () => media.removeEventListener('change', changed);
    },
    [query],
  );
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(query).matches,
    () => false,
  );
}

/** Panels become sheets below this width. */
export const narrowQuery = '(max-width: 819px)';
