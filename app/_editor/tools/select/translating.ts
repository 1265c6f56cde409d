import type { Layer, LayerId, Transform } from '../../../../shared/document/schema.ts';
import { boxAround, boxOf } from '../../../../shared/geometry/box.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import { type Snap, snapBox } from '../../../../shared/geometry/snapping.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor, modelOf } from '../../core/editor.ts';
import type { PointerInput } from '../../core/input.ts';
import { canvasBox, cornersOfBox, selectionBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** Screen pixels within which edges and centres meet. */
const snapReach = 6;

/** Layers follow the pointer. Shift keeps to one axis; ⌘ or Ctrl turns snapping off. Written once, at the end. */
export function translating(
  editor: Editor,
  gesture: { readonly layers: readonly Layer[]; readonly from: Point },
): ToolState {
  const { layers } = gesture;
  editor.cursor.set('move');

  function finish() {
    editor.drag.set(null);
    editor.guides.set([]);
  }

  return {
    path: 'select.translating',

    onPointerMove(input) {
      const { dx, dy, guides } = offsetFor(editor, gesture, input);
      editor.guides.set(guides);
      editor.drag.set(moved(layers, dx, dy));
    },

    onPointerUp() {
      const drag = editor.drag.get();
      finish();
      if (drag !== null) {
        applyCommands(
          editor,
          layers.length === 1 ? 'Move layer' : 'Move layers',
          [...drag].map(([id, transform]) => ({ type: 'patch-layer', id, patch: { transform } })),
        );
      }
      return 'idle';
    },

    onCancel: finish,
  };
}

/** How far the layers go for this pointer: whole canvas pixels, pulled to what is near. */
export function offsetFor(
  editor: Editor,
  gesture: { readonly layers: readonly Layer[]; readonly from: Point },
  input: PointerInput,
): Snap {
  const to = toCanvas(editor.camera.get(), input.point);
  let dx = Math.round(to.x - gesture.from.x);
  let dy = Math.round(to.y - gesture.from.y);
  if (input.shift) {
    if (Math.abs(dx) > Math.abs(dy)) dy = 0;
    else dx = 0;
  }
  const box = selectionBox(gesture.layers, null);
  const around = box === null ? undefined : boxAround(cornersOfBox(box));
  if (input.mod || around === undefined) return { dx, dy, guides: [] };
  const moving = new Set(gesture.layers.map((layer) => layer.id));
  const model = modelOf(editor);
  const others = model.layers.flatMap((layer) =>
    layer.kind === 'image' && !layer.hidden && !moving.has(layer.id) ? (canvasBox(layer, null) ?? []) : [],
  );
  const snap = snapBox(
    { ...around, x: around.x + dx, y: around.y + dy },
    [boxOf(model.frame), ...others],
    snapReach / editor.camera.get().zoom,
  );
  return {
    dx: dx + (input.shift && dx === 0 ? 0 : snap.dx),
    dy: dy + (input.shift && dy === 0 ? 0 : snap.dy),
    guides: snap.guides,
  };
}

export function moved(layers: readonly Layer[], dx: number, dy: number): ReadonlyMap<LayerId, Transform> {
  return new Map(
    layers.map(({ id, transform: [x, y, sx, sy, rotation] }) => [id, [x + dx, y + dy, sx, sy, rotation]]),
  );
}
