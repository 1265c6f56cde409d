import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import { describeMode } from '../../../shared/document/mode.ts';

/** What a mode does, as a verb. */
export function modeVerb(mode: GenerationMode): string {
  switch (mode) {
    case 'image-to-image':
      return 'Refine';
    case 'instruct':
      return 'Edit by instruction';
    default:
      return describeMode(mode, 1);
  }
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
    case 'instruct':
      return 'Changes the picture inside the frame as the words say, and leaves the rest.';
    case 'upscale':
      return 'Makes one picture larger, with finer edges.';
  }
}
