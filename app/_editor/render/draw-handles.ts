import type { Point } from '../../../shared/geometry/point.ts';
import { toScreen } from '../core/camera.ts';
import { cornersOfBox, handlePoint, handles, type OrientedBox } from '../core/layer-geometry.ts';
import type { SceneState } from './scene-state.ts';
import type { CanvasTheme } from './theme.ts';

const handleSide = 9;

/** A square handle at a screen point, turned with its box. */
export function drawHandle(
  context: CanvasRenderingContext2D,
  at: Point,
  turn: number,
  theme: CanvasTheme,
): void {
  context.save();
  context.translate(at.x, at.y);
  context.rotate(turn);
  context.fillStyle = theme.surface;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(-handleSide / 2, -handleSide / 2, handleSide, handleSide, 2);
  context.fill();
  context.stroke();
  context.restore();
}

/** The outline of a turned box in screen pixels. */
export function strokeBoxOutline(
  context: CanvasRenderingContext2D,
  state: SceneState,
  box: OrientedBox,
  style: { readonly color: string; readonly width: number },
): void {
  context.save();
  context.strokeStyle = style.color;
  context.lineWidth = style.width;
  context.beginPath();
  for (const corner of cornersOfBox(box)) {
    const { x, y } = toScreen(state.camera, corner);
    context.lineTo(x, y);
  }
  context.closePath();
  context.stroke();
  context.restore();
}

/** Outline and handles of one's own selection. Boxes too small for eight handles get corners only. */
export function drawSelection(
  context: CanvasRenderingContext2D,
  state: SceneState,
  options: { readonly box: OrientedBox; readonly hasHandles: boolean },
): void {
  const { box, hasHandles } = options;
  strokeBoxOutline(context, state, box, { color: state.theme.accent, width: 1.5 });
  if (!hasHandles) return;
  const turn = Math.atan2(box.matrix.b, box.matrix.a);
  const width = Math.hypot(box.matrix.a, box.matrix.b) * box.box.width * state.camera.zoom;
  const height = Math.hypot(box.matrix.c, box.matrix.d) * box.box.height * state.camera.zoom;
  for (const handle of handles) {
    const isEdge = handle.u === 0.5 || handle.v === 0.5;
    if (isEdge && (handle.u === 0.5 ? width : height) < 48) continue;
    drawHandle(context, toScreen(state.camera, handlePoint(box, handle)), turn, state.theme);
  }
}
