'use client';

import { useEditor, useReadable } from './editor-context.ts';

/** Reads out what happened on the canvas. */
export function LiveRegion() {
  const announcement = useReadable(useEditor().announcement);
  return (
    <div aria-live="polite" className="sr-only" role="status">
      {announcement}
    </div>
  );
}
