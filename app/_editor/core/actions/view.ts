import { boxAround, boxOf, rectOf } from '../../../../shared/geometry/box.ts';
import type { Action } from '../action.ts';
import { applyCommands, type Editor, modelOf, selectedLayers } from '../editor.ts';
import { frameSide } from '../frame.ts';
import { cornersOfBox, selectionBox } from '../layer-geometry.ts';
import { fitAll, fitFrame, fitSelection, zoomStep, zoomTo } from '../view.ts';

export const viewActions: readonly Action[] = [
  view('view.zoom-in', 'Zoom in', ['Plus', '='], (editor) => zoomStep(editor, 1), 'zoom-in'),
  view('view.zoom-out', 'Zoom out', ['-'], (editor) => zoomStep(editor, -1), 'zoom-out'),
  view('view.full-size', 'Zoom to 100 %', ['0', 'Mod+0'], (editor) => zoomTo(editor, 1)),
  view('view.fit', 'Fit everything', ['1', 'Shift+1'], fitAll, 'fit'),
  view('view.fit-selection', 'Fit selection', ['2', 'Shift+2'], fitSelection),
  view('view.fit-frame', 'Fit frame', ['3', 'Shift+3'], fitFrame),
  {
    id: 'view.hide-me',
    label: 'Hide or show my pointer to others',
    group: 'View',
    icon: 'person',
    keywords: 'presence privacy invisible',
    undo: 'none',
    perform(editor) {
      editor.visible.update((visible) => !visible);
      const text = editor.visible.get() ? 'Others see your pointer.' : 'Others no longer see your pointer.';
      editor.notify({ tone: 'plain', text });
    },
  },
];

export const frameActions: readonly Action[] = [
  {
    id: 'frame.around-selection',
    label: 'Put the frame around the selection',
    group: 'Frame',
    icon: 'frame',
    shortcuts: ['Shift+F'],
    undo: 'document',
    isEnabled: (editor) => selectedLayers(editor).length > 0,
    perform(editor) {
      const selected = selectionBox(selectedLayers(editor), null);
      const box = selected === null ? undefined : boxAround(cornersOfBox(selected));
      if (box === undefined) return;
      const width = frameSide(box.width);
      const height = frameSide(box.height);
      const x = Math.round(box.x + (box.width - width) / 2);
      const y = Math.round(box.y + (box.height - height) / 2);
      applyCommands(editor, 'Move frame', [{ type: 'set-frame', rect: [x, y, width, height] }]);
    },
  },
  ...([256, 512] as const).map(
    (side): Action => ({
      id: `frame.size-${side}`,
      label: `Frame ${side} × ${side}`,
      group: 'Frame',
      keywords: 'size square',
      undo: 'document',
      perform(editor) {
        const frame = boxOf(modelOf(editor).frame);
        const x = Math.round(frame.x + (frame.width - side) / 2);
        const y = Math.round(frame.y + (frame.height - side) / 2);
        applyCommands(editor, 'Resize frame', [
          { type: 'set-frame', rect: rectOf({ x, y, width: side, height: side }) },
        ]);
      },
    }),
  ),
];

function view(
  id: string,
  label: string,
  shortcuts: readonly string[],
  act: (editor: Editor) => void,
  icon?: Action['icon'],
): Action {
  return { id, label, group: 'View', shortcuts, undo: 'none', perform: act, ...(icon && { icon }) };
}
