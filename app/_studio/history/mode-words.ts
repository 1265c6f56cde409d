import type { GenerationMode } from '../../../shared/contracts/recipe.ts';

/** What a mode does, as a verb on a button and in the history. */
export function modeVerb(mode: GenerationMode): string {
  switch (mode) {
    case 'text-to-image':
      return 'Generate';
    case 'image-to-image':
      return 'Refine';
    case 'inpaint':
      return 'Fill';
    case 'extend':
      return 'Extend';
  }
}

/** The verb with what it needs to be exact: "Refine 60 %". */
export function describeMode(mode: GenerationMode, strength: number): string {
  return mode === 'image-to-image' ? `Refine ${Math.round(strength * 100)} %` : modeVerb(mode);
}

/** What a mode starts from, as one sentence. */
export function modeHint(mode: GenerationMode): string {
  switch (mode) {
    case 'text-to-image':
      return 'From the words alone.';
    case 'image-to-image':
      return 'Paints the picture inside the frame anew, as far as strength says.';
    case 'inpaint':
      return 'Paints what the mask covers and leaves the rest.';
    case 'extend':
      return 'Paints the empty part of the frame so that it continues the picture.';
  }
}
