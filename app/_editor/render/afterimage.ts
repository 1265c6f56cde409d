import type { Rect } from '../../../shared/document/schema.ts';
import type { LoadedImage } from './draw-frame.ts';
import type { FramePreview } from './scene-state.ts';

/** The last preview of a picture that is finished. */
export interface Afterimage {
  readonly image: NonNullable<LoadedImage>;
  readonly rect: Rect | null;
}

/** Longest time that it stands in for a picture that is on its way. */
const afterimageMs = 2_000;

/**
 * Keeps the last preview of a finished picture in its place until the picture itself has been loaded, so that nobody sees
 * an empty frame between the two. A preview that is taken back before its generation goes leaves none.
 */
export function createAfterimage(changed: () => void) {
  let kept: (Afterimage & { readonly candidateImage: LoadedImage }) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function drop(): void {
    clearTimeout(timer);
    kept = null;
    changed();
  }

  return {
    /** What to draw while `candidateImage` is what the candidate shows: nothing once that is a new one. */
    seenWith(candidateImage: LoadedImage): Afterimage | null {
      const isNew = candidateImage !== null && candidateImage !== kept?.candidateImage;
      return isNew ? null : kept;
    },
    previewChanges(
      before: {
        readonly preview: FramePreview | null;
        readonly image: LoadedImage;
        readonly candidateImage: LoadedImage;
      },
      next: FramePreview | null,
    ): void {
      const { preview, image, candidateImage } = before;
      if (next !== null || preview === null || image === null) return;
      clearTimeout(timer);
      kept = null;
      kept = { image, rect: preview.rect ?? null, candidateImage };
      timer = setTimeout(drop, afterimageMs);
    },
    destroy: () => clearTimeout(timer),
  };
}
