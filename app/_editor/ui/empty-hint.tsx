'use client';

import { useRef } from 'react';
import { Button } from '../../_ui/button.tsx';
import { middleOnCanvas } from './middle-on-canvas.ts';
import { useCanvasModel, useEditor, useEditorParts, useReadable } from './editor-context.ts';

/** What to do with an empty canvas, in one sentence. Gone as soon as there is anything. */
export function EmptyHint({ isBusy }: { readonly isBusy: boolean }) {
  const { placeFiles } = useEditorParts();
  const editor = useEditor();
  const model = useCanvasModel();
  const ink = useReadable(editor.ink);
  const canEdit = useReadable(editor.document.canEdit);
  const input = useRef<HTMLInputElement>(null);
  if (isBusy || ink !== null || model.layers.length > 0 || model.candidates.length > 0) return null;
  return (
    <div className="pointer-events-none absolute inset-0 flex flex-col items-center justify-center gap-3 p-6 text-center text-ink-soft">
      {canEdit ? (
        <>
          <p className="max-w-80">
            Describe a picture and press Generate, or drop one of yours anywhere on the canvas.
          </p>
          <Button
            className="pointer-events-auto"
            icon="upload"
            onClick={() => input.current?.click()}
            size="small"
          >
            Add a picture
          </Button>
          <input
            accept="image/*"
            aria-label="Picture files"
            className="hidden"
            multiple
            onChange={(event) => {
              placeFiles([...(event.target.files ?? [])], middleOnCanvas(editor));
              event.target.value = '';
            }}
            ref={input}
            type="file"
          />
        </>
      ) : (
        <p>There is nothing on this canvas yet.</p>
      )}
    </div>
  );
}
