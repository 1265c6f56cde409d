import type { Layer, LayerId, Transform } from '../../../../shared/document/schema.ts';
import { applyTo, compose, invert, type Matrix, transformOf } from '../../../../shared/geometry/matrix.ts';
import type { Point } from '../../../../shared/geometry/point.ts';
import { toCanvas } from '../../core/camera.ts';
import { applyCommands, type Editor } from '../../core/editor.ts';
import { type Handle, handleDegrees, movedMatrix, type OrientedBox } from '../../core/layer-geometry.ts';
import type { ToolState } from '../../core/tool.ts';

/** A handle is pulled. Shift keeps the ratio, Alt scales about the middle. Written once, at the end. */
export function resizing(
  editor: Editor,
  gesture: { readonly layers: readonly Layer[]; readonly box: OrientedBox; readonly handle: Handle },
): ToolState {
  const { layers, box, handle } = gesture;
  editor.cursor.set({ kind: 'resize', degrees: handleDegrees(box, handle) });
  // Stretching a turned layer along the canvas's axes would shear it, which a transform cannot hold.
  const mustKeepRatio = layers.length > 1 && layers.some((layer) => layer.transform[4] % 90 !== 0);

  return {
    path: 'select.resizing',

    onPointerMove(input) {
      const by = resizeMap(box, handle, toCanvas(editor.camera.get(), input.point), {
        keepRatio: input.shift || mustKeepRatio,
        fromCentre: input.alt,
      });
      if (by === undefined) return;
      const entries = layers.map((layer): readonly [LayerId, Transform] => [
        layer.id,
        tidy(transformOf(movedMatrix(layer, by)), layer.transform),
      ]);
      editor.drag.set(new Map(entries));
    },

    onPointerUp() {
      const drag = editor.drag.get();
      editor.drag.set(null);
      if (drag !== null) {
        applyCommands(
          editor,
          layers.length === 1 ? 'Scale layer' : 'Scale layers',
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

/**
 * The map of the canvas that brings `handle` to `to` and leaves the opposite side (or the middle) where it is. Undefined
 * when the box is flat. No side gets shorter than one canvas pixel.
 */
function resizeMap(
  oriented: OrientedBox,
  handle: Handle,
  to: Point,
  options: { readonly keepRatio: boolean; readonly fromCentre: boolean },
): Matrix | undefined {
  const { matrix, box } = oriented;
  const back = invert(matrix);
  if (back === undefined || box.width === 0 || box.height === 0) return undefined;
  const target = applyTo(back, to);
  const anchorU = options.fromCentre ? 0.5 : 1 - handle.u;
  const anchorV = options.fromCentre ? 0.5 : 1 - handle.v;
  const anchor = { x: box.x + anchorU * box.width, y: box.y + anchorV * box.height };
  const free = { x: handle.u !== 0.5, y: handle.v !== 0.5 };
  let sx = free.x ? (target.x - anchor.x) / ((handle.u - anchorU) * box.width) : 1;
  let sy = free.y ? (target.y - anchor.y) / ((handle.v - anchorV) * box.height) : 1;
  if (options.keepRatio) {
    const both = free.x && free.y ? Math.max(Math.abs(sx), Math.abs(sy)) : Math.abs(free.x ? sx : sy);
    sx = both * (sx < 0 ? -1 : 1);
    sy = both * (sy < 0 ? -1 : 1);
  }
  const leastX = 1 / (Math.hypot(matrix.a, matrix.b) * box.width);
  const leastY = 1 / (Math.hypot(matrix.c, matrix.d) * box.height);
  sx = atLeast(sx, leastX);
  sy = atLeast(sy, leastY);
  const local: Matrix = { a: sx, b: 0, c: 0, d: sy, e: anchor.x * (1 - sx), f: anchor.y * (1 - sy) };
  return compose(compose(matrix, local), back);
}

function atLeast(scale: number, least: number): number {
  return Math.abs(scale) >= least ? scale : scale < 0 ? -least : least;
}

/** Keeps a plain rotation plain: scaling must not leave 29.999999999999996° or a half turn with both axes flipped. */
function tidy(next: Transform, before: Transform): Transform {
  const [x, y, sx, sy, rotation] = next;
  const turned = (((rotation - before[4]) % 360) + 360) % 360;
  if (Math.abs(turned - 180) < 1e-6) return [x, y, -sx, -sy, before[4]];
  return [x, y, sx, sy, turned < 1e-6 || turned > 360 - 1e-6 ? before[4] : rotation];
}
