'use client';

import { useEffect, useRef } from 'react';

/**
 * For panels that are opened by a shortcut or by code, so that there is no trigger to take the focus back: what had it
 * before, outside of panels and menus, gets it again. Returns what to do when the panel has closed.
 */
export function useFocusReturn(): (event: Event) => void {
  const outside = useRef<HTMLElement | null>(null);
  useEffect(() => {
    // When the panel asks, a field in it may have taken the focus already.
    function onFocus({ target }: FocusEvent): void {
      if (target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') === null)
        outside.current = target;
    }
    document.addEventListener('focusin', onFocus);
    return () => document.removeEventListener('focusin', onFocus);
  }, []);
  return (event) => {
    if (outside.current?.isConnected !== true) return;
    event.preventDefault();
    outside.current.focus({ preventScroll: true });
  };
}
