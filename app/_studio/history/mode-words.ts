import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import { describeMode } from '../../../shared/document/mode.ts';

/** What a mode does, as a verb. */
export function modeVerb(mode: GenerationMode): string {
  return mode === 'image-to-image' ? 'Refine' : describeMode(mode, 1);
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
