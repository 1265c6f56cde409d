import type { ControlKind } from '../../../../shared/contracts/recipe.ts';
import { type ControlLayer, identityTransform } from '../../../../shared/document/schema.ts';
import type { Action } from '../action.ts';
import { controlWords } from '../control-words.ts';
import type { Command } from '../document-port.ts';
import { applyCommands, editableSelection, type Editor, modelOf, newLayerId } from '../editor.ts';
import { nextName } from '../masks.ts';

/** A brush as thick as the lines that a map has, canvas pixels. */
const lineBrush = { size: 8, opacity: 1, hardness: 1 } as const;
const regionBrush = { size: 48, opacity: 1, hardness: 1 } as const;
/** The first region that is a thing, and the last. */
const firstThing = 2;
const lastThing = 4;

export const controlActions: readonly Action[] = [
  newControl('scribble', 'control.scribble', 'New scribble', 'sketch guide controlnet draw lines'),
  newControl('segmentation', 'control.region', 'New region', 'segmentation part area controlnet'),
  {
    id: 'control.from-picture',
    label: 'Use as control map',
    group: 'Control',
    icon: 'image',
    keywords: 'controlnet depth pose segmentation edges guide',
    undo: 'document',
    isEnabled: (editor) => selectedPictures(editor).length > 0,
    perform(editor) {
      const pictures = selectedPictures(editor);
      const ids = pictures.map(() => newLayerId(editor));
      const commands = pictures.flatMap((layer, i): readonly Command[] => {
        const id = ids[i];
        if (id === undefined) return [];
        const { name, transform, asset, width, height } = layer;
        return [
          { type: 'add-control', id, name, map: 'edge', transform, picture: { asset, width, height } },
          { type: 'patch-layer', id: layer.id, patch: { hidden: true } },
        ];
      });
      applyCommands(editor, 'Use as control map', commands);
      editor.selection.set(ids);
      editor.announcement.set('The picture is now followed as a map of edges. Its kind can be changed.');
    },
  },
];

/** The selected pictures that may be changed. */
export function selectedPictures(editor: Editor) {
  return editableSelection(editor).filter((layer) => layer.kind === 'image');
}

function newControl(
  map: Extract<ControlKind, 'scribble' | 'segmentation'>,
  id: string,
  label: string,
  keywords: string,
): Action {
  return {
    id,
    label,
    group: 'Control',
    icon: map === 'scribble' ? 'scribble' : 'regions',
    keywords,
    undo: 'document',
    perform(editor) {
      const layerId = newLayerId(editor);
      const name = nextName(editor, map === 'scribble' ? controlWords.scribble.name : 'Region');
      const region = map === 'segmentation' ? { region: nextThing(editor) } : {};
      applyCommands(editor, label, [
        { type: 'add-control', id: layerId, name, map, transform: identityTransform, ...region },
      ]);
      editor.selection.set([layerId]);
      editor.brush.set(map === 'scribble' ? lineBrush : regionBrush);
      editor.tools.choose('brush');
    },
  };
}

/** The first thing that no region stands for yet, else the last. */
function nextThing(editor: Editor): number {
  const taken = new Set(
    modelOf(editor)
      .layers.filter(
        (layer): layer is ControlLayer => layer.kind === 'control' && layer.map === 'segmentation',
      )
      .map(({ region }) => region),
  );
  for (let region = firstThing; region <= lastThing; region += 1) if (!taken.has(region)) return region;
  return lastThing;
}

/**
 * Commands that set something of the selected control layers. The regions of a segmentation make one map, so strength and
 * range of one are set on all of them.
 */
export function patchControls(
  editor: Editor,
  layers: readonly ControlLayer[],
  patch: Pick<ControlLayer, 'strength'> | Pick<ControlLayer, 'range'>,
): readonly Command[] {
  const hasRegion = layers.some((layer) => layer.map === 'segmentation');
  const ids = new Set(layers.map(({ id }) => id));
  return modelOf(editor)
    .layers.filter(
      (layer) =>
        ids.has(layer.id) ||
        (hasRegion && layer.kind === 'control' && layer.map === 'segmentation' && !layer.locked),
    )
    .map(({ id }) => ({ type: 'patch-layer', id, patch }));
}
