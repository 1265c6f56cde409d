import type { ImageLayer } from '../../../../shared/document/schema.ts';
import type { Action } from '../action.ts';
import { applyCommands, type Editor, selectedLayers } from '../editor.ts';

export const referenceActions: readonly Action[] = [
  {
    id: 'reference.from-picture',
    label: 'Use as reference',
    group: 'Control',
    icon: 'eye',
    keywords: 'ip-adapter style look image prompt follow',
    undo: 'document',
    isEnabled: (editor) => editor.followsReference.get() && selectedPicture(editor) !== null,
    perform: (editor) => followSelected(editor),
  },
];

/** The selected picture when it is one alone, locked or not: it is only looked at. */
export function selectedPicture(editor: Editor): ImageLayer | null {
  const [layer, ...others] = selectedLayers(editor);
  return layer?.kind === 'image' && others.length === 0 ? layer : null;
}

/** Lets the next pictures follow the selected picture, in place of the reference that there was. */
export function followSelected(editor: Editor): void {
  const layer = selectedPicture(editor);
  if (layer === null) return;
  const { asset, name } = layer;
  applyCommands(editor, 'Use as reference', [{ type: 'set-reference', picture: { asset, name } }]);
  editor.announcement.set(`The next pictures follow ${name}.`);
}
