import { isPaintLayer } from '../../../../shared/document/schema.ts';
import { boxOf } from '../../../../shared/geometry/box.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import {
  type Cursor,
  type Editor,
  editableSelection,
  findLayer,
  modelOf,
  selectedLayers,
} from '../../core/editor.ts';
import { frameEdgeAt } from '../../core/frame.ts';
import type { PointerInput } from '../../core/input.ts';
import { boxHits, handleAt, handleDegrees, pictureAt, selectionBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';
import { movingFrame } from '../frame/moving.ts';
import { marquee } from './marquee.ts';
import { pointingLayer } from './pointing-layer.ts';
import { resizing } from './resizing.ts';
import { rotating } from './rotating.ts';

/** How near counts as on a handle, screen pixels: a finger is thicker than a mouse. */
function handleReach(device: PointerInput['device']): number {
  return device === 'touch' ? 20 : 8;
}

/** Select tool, nothing under way: shows what a press would take. */
export function idle(editor: Editor): ToolState {
  editor.cursor.set('default');
  return {
    path: 'select.idle',

    onPointerMove(input) {
      const point = toCanvas(editor.camera.get(), input.point);
      editor.cursor.set(cursorAt(editor, point, input));
      editor.hovered.set(pictureAt(modelOf(editor).layers, null, point)?.id ?? null);
    },

    onPointerLeave() {
      editor.hovered.set(null);
    },

    onPointerDown(input) {
      editor.hovered.set(null);
      if (input.button !== 'main') return undefined;
      const point = toCanvas(editor.camera.get(), input.point);
      const movable = editableSelection(editor);
      const box = selectionBox(movable, null);
      const zoom = editor.camera.get().zoom;
      if (box !== null && !input.shift) {
        const hit = handleAt(box, point, handleReach(input.device) / zoom);
        if (hit?.kind === 'resize') return resizing(editor, { layers: movable, box, handle: hit.handle });
        if (hit?.kind === 'rotate') return rotating(editor, { layers: movable, box, from: point });
      }
      // A selected mask or control layer has no pixels to press on, so the whole of its box takes the drag. A control
      // layer mostly lies over the picture it was made from, and then it is what was meant.
      const isOnBox = box !== null && boxHits(box, point);
      const control = movable.find((candidate) => candidate.kind === 'control');
      if (control !== undefined && isOnBox) return pointingLayer(editor, { layer: control, from: input });
      const layer = pictureAt(modelOf(editor).layers, null, point);
      if (layer !== undefined) return pointingLayer(editor, { layer, from: input });
      const mask = movable.find((candidate) => candidate.kind === 'mask');
      if (mask !== undefined && isOnBox) return pointingLayer(editor, { layer: mask, from: input });
      if (editor.document.canEdit.get() && frameEdgeAt(boxOf(modelOf(editor).frame), point, zoom))
        return movingFrame(editor, { from: point, back: 'idle', path: 'select.moving-frame' });
      return marquee(editor, { from: point, input });
    },

    onDoubleClick(input) {
      const layer = pictureAt(modelOf(editor).layers, null, toCanvas(editor.camera.get(), input.point));
      if (layer !== undefined && editor.document.canEdit.get()) editor.renaming.set(layer.id);
    },
  };
}

function cursorAt(editor: Editor, point: Point, input: PointerInput): Cursor {
  const zoom = editor.camera.get().zoom;
  const box = selectionBox(editableSelection(editor), null);
  if (box !== null) {
    const hit = handleAt(box, point, handleReach(input.device) / zoom);
    if (hit?.kind === 'resize') return { kind: 'resize', degrees: handleDegrees(box, hit.handle) };
    if (hit?.kind === 'rotate') return { kind: 'rotate' };
  }
  const layer = pictureAt(modelOf(editor).layers, null, point);
  if (layer !== undefined) return selectedLayers(editor).includes(layer) ? 'move' : 'default';
  const mask = selectedLayers(editor).find(isPaintLayer);
  if (mask !== undefined && box !== null && boxHits(box, point) && findLayer(editor, mask.id)) return 'move';
  return frameEdgeAt(boxOf(modelOf(editor).frame), point, zoom) ? 'move' : 'default';
}
