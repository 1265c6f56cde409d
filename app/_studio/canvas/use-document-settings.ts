'use client';

import { useCallback } from 'react';
import type * as Y from 'yjs';
import { rootsOf } from '../../../shared/document/canvas.ts';
import type { Settings } from '../../../shared/document/schema.ts';

/** A function that changes some of the shared settings; each key is its own, so two people can turn two knobs at once. */
export function useChangeSettings(doc: Y.Doc): (change: Partial<Settings>) => void {
  return useCallback(
    (change) => {
      const { settings } = rootsOf(doc);
      doc.transact(() => {
        for (const [key, value] of Object.entries(change)) {
          if (settings.get(key) !== value) settings.set(key, value);
        }
      });
    },
    [doc],
  );
}

/** Puts `text` in place of a whole shared text, as one change. */
export function replaceText(text: Y.Text, next: string): void {
  if (text.toString() === next) return;
  const apply = () => {
    text.delete(0, text.length);
    text.insert(0, next);
  };
  if (text.doc === null) apply();
  else text.doc.transact(apply);
}
