import { type UpscaleScale, upscaleScales } from '../../../shared/contracts/recipe.ts';
import type { ImageLayer } from '../../../shared/document/schema.ts';
import type { Action } from '../../_editor/core/action.ts';
import { selectedPicture } from '../../_editor/core/actions/reference.ts';
import type { Editor } from '../../_editor/core/editor.ts';

/** Asks for a picture of the canvas, so many times larger. */
export type Enlarge = (editor: Editor, layer: ImageLayer, scale: UpscaleScale) => void;

/**
 * One action a scale, for a picture that is selected alone, locked or not: it stays as it is, and the larger one waits among the
 * new pictures. They write nothing themselves, so they ask themselves whether this person may.
 */
export function enlargeActions(enlarge: Enlarge): readonly Action[] {
  return upscaleScales.map((scale) => ({
    id: `picture.enlarge-${scale}`,
    label: `Enlarge ×${scale}`,
    group: 'Generate',
    icon: 'enlarge',
    keywords: `upscale super-resolution bigger larger x${scale}`,
    undo: 'none',
    isEnabled: (editor) =>
      editor.enlarges.get() && editor.document.canEdit.get() && selectedPicture(editor) !== null,
    perform(editor) {
      const layer = selectedPicture(editor);
      if (layer !== null) enlarge(editor, layer, scale);
    },
  }));
}
