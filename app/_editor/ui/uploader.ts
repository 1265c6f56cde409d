'use client';

import { contentHashSchema } from '../../../shared/document/schema.ts';
import type { Box } from '../../../shared/geometry/box.ts';
import { applyCommands, type Editor, newLayerId } from '../core/editor.ts';
import { createStore, type Readable } from '../core/store.ts';
import type { PictureStore } from '../render/pictures.ts';
import type { Upload, UploadedPicture } from './editor-context.ts';
import { loadImage } from './load-image.ts';

/** Canvas pixels between pictures that are dropped together. */
const gap = 24;
/** Files of one drop. */
const mostFiles = 20;

export interface Uploader {
  readonly uploads: Readable<readonly Upload[]>;
  place(files: readonly File[], at: { readonly x: number; readonly y: number }): void;
  /** Shows the skeleton of something that is on its way; call what it returns when it is there. */
  show(name: string, box: Box | null): () => void;
}

/** Brings picture files onto the canvas: a skeleton at once, the layer when the file is stored. */
export function createUploader(options: {
  readonly editor: Editor;
  readonly pictures: PictureStore;
  readonly upload: (file: File) => Promise<UploadedPicture>;
}): Uploader {
  const { editor, pictures, upload } = options;
  const uploads = createStore<readonly Upload[]>([]);

  async function place(
    files: readonly File[],
    at: { readonly x: number; readonly y: number },
  ): Promise<void> {
    const images = files.filter((file) => file.type.startsWith('image/')).slice(0, mostFiles);
    if (!editor.document.canEdit.get()) {
      editor.notify({ tone: 'plain', text: 'You can look at this canvas, not add to it.' });
      return;
    }
    if (images.length === 0) {
      editor.notify({
        tone: 'problem',
        text: files.length === 1 ? 'That file is not a picture.' : 'Those files are not pictures.',
        detail: 'PNG, JPEG, WebP, AVIF and GIF work.',
      });
      return;
    }
    let x = at.x;
    for (const [i, file] of images.entries()) {
      const local = await decodeFile(file);
      const width = local?.naturalWidth || 256;
      const height = local?.naturalHeight || 256;
      if (i === 0) x -= width / 2;
      await placeOne(file, local, { x: Math.round(x), y: Math.round(at.y - height / 2), width, height });
      x += width + gap;
    }
  }

  async function placeOne(
    file: File,
    local: HTMLImageElement | undefined,
    box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  ): Promise<void> {
    const waiting: Upload = { id: editor.newId(), name: file.name, ...box };
    uploads.update((before) => [...before, waiting]);
    try {
      const stored = await upload(file);
      const asset = contentHashSchema.parse(stored.hash);
      if (local !== undefined) pictures.put(asset, local);
      const id = newLayerId(editor);
      const name = file.name.replace(/\.[a-z0-9]+$/i, '').slice(0, 60) || 'Picture';
      const { width, height } = stored;
      applyCommands(editor, 'Add picture', [
        { type: 'add-image', id, name, asset, width, height, transform: [box.x, box.y, 1, 1, 0] },
      ]);
      editor.selection.set([id]);
      editor.announcement.set(`Added the picture ${name}.`);
    } catch (problem) {
      editor.notify({
        tone: 'problem',
        text: `“${file.name}” could not be added.`,
        detail:
          problem instanceof Error && problem.message !== ''
            ? problem.message
            : 'Nothing on the canvas has changed. Try again.',
      });
    } finally {
      uploads.update((before) => before.filter((other) => other.id !== waiting.id));
    }
  }

  return {
    uploads,
    show(name, box) {
      if (box === null) return () => undefined;
      const { x, y, width, height } = box;
      const waiting: Upload = { id: editor.newId(), name, x, y, width, height };
      uploads.update((before) => [...before, waiting]);
      return () => uploads.update((before) => before.filter((other) => other.id !== waiting.id));
    },
    place(files, at) {
      void place(files, at);
    },
  };
}

/** The file's own pixels, to show at once; undefined when the browser cannot decode it (the server may). */
async function decodeFile(file: File): Promise<HTMLImageElement | undefined> {
  try {
    return await loadImage(URL.createObjectURL(file));
  } catch {
    return undefined;
  }
}
