import type { Layer, LayerId, Transform } from '../../../../shared/document/schema.ts';
import { boxCentre } from '../../../../shared/geometry/box.ts';
import { applyTo, type Matrix, transformOf } from '../../../../shared/geometry/matrix.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import { roundTo } from '../../../../shared/geometry/snapping.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor } from '../../core/editor.ts';
import { movedMatrix, type OrientedBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** Degrees between the stops of a turn with Shift. */
const turnStep = 15;

/** The selection turns about its middle. Shift turns in steps of 15°. Written once, at the end. */
export function rotating(
  editor: Editor,
  gesture: { readonly layers: readonly Layer[]; readonly box: OrientedBox; readonly from: Point },
): ToolState {
  const { layers, box, from } = gesture;
  const centre = applyTo(box.matrix, boxCentre(box.box));
  const start = Math.atan2(from.y - centre.y, from.x - centre.x);
  const [only] = layers;
  const before = layers.length === 1 && only !== undefined ? only.transform[4] : 0;
  editor.cursor.set({ kind: 'rotate' });

  return {
    path: 'select.rotating',

    onPointerMove(input) {
      const point = toCanvas(editor.camera.get(), input.point);
      const turned = ((Math.atan2(point.y - centre.y, point.x - centre.x) - start) * 180) / Math.PI;
      // Steps are of the angle that results, so that a crooked picture can be put straight.
      const result = input.shift
        ? roundTo(before + turned, turnStep)
        : Math.round((before + turned) * 10) / 10;
      const by = turnAbout(centre, result - before);
      const entries = layers.map((layer): readonly [LayerId, Transform] => {
        const [x, y] = transformOf(movedMatrix(layer, by));
        const [, , sx, sy, rotation] = layer.transform;
        return [layer.id, [x, y, sx, sy, normalise(rotation + result - before)]];
      });
      editor.drag.set(new Map(entries));
    },

    onPointerUp() {
      const drag = editor.drag.get();
      editor.drag.set(null);
      if (drag !== null) {
        applyCommands(
          editor,
          layers.length === 1 ? 'Rotate layer' : 'Rotate layers',
          [...drag].map(([id, transform]) => ({ type: 'patch-layer', id, patch: { transform } })),
        );
      }
      return 'idle';
    },

    onCancel() {
      editor.drag.set(null);
    },
  };
}

function turnAbout(centre: Point, degrees: number): Matrix {
  const turn = (degrees * Math.PI) / 180;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  return {
    a: cos,
    b: sin,
    c: -sin,
    d: cos,
    e: centre.x - cos * centre.x + sin * centre.y,
    f: centre.y - sin * centre.x - cos * centre.y,
  };
}

/** The same direction between −180° and 180°. */
function normalise(degrees: number): number {
  const turned = ((degrees % 360) + 360) % 360;
  return Math.round((turned > 180 ? turned - 360 : turned) * 1e6) / 1e6 + 0;
}
