import type { Layer } from '../../../shared/document/schema.ts';
import type { Box } from '../../../shared/geometry/box.ts';
import type { Guide } from '../../../shared/geometry/snapping.ts';
import type { Point } from '../../../shared/geometry/point.ts';
import { toScreen } from '../core/camera.ts';
import { orientedBoxOf } from '../core/layer-geometry.ts';
import type { Peer } from '../core/presence-port.ts';
import { clipText, onScreen } from './draw-frame.ts';
import { strokeBoxOutline } from './draw-handles.ts';
import type { ShownCursor } from './peer-cursors.ts';
import type { SceneState } from './scene-state.ts';

export function drawHover(context: CanvasRenderingContext2D, state: SceneState, layer: Layer): void {
  const box = orientedBoxOf(layer, state.dragged);
  if (box !== null) strokeBoxOutline(context, state, box, { color: state.theme.accent, width: 1 });
}

export function drawMarquee(context: CanvasRenderingContext2D, state: SceneState, marquee: Box): void {
  const box = onScreen(state, [marquee.x, marquee.y, marquee.width, marquee.height]);
  context.save();
  context.globalAlpha = 0.08;
  context.fillStyle = state.theme.accent;
  context.fillRect(box.x, box.y, box.width, box.height);
  context.globalAlpha = 1;
  context.strokeStyle = state.theme.accent;
  context.lineWidth = 1;
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.width, box.height);
  context.restore();
}

export function drawGuides(
  context: CanvasRenderingContext2D,
  state: SceneState,
  guides: readonly Guide[],
): void {
  context.save();
  context.strokeStyle = state.theme.danger;
  context.lineWidth = 1;
  context.beginPath();
  for (const guide of guides) {
    const at = toScreen(state.camera, { x: guide.at, y: guide.at });
    if (guide.axis === 'x') {
      context.moveTo(Math.round(at.x) + 0.5, 0);
      context.lineTo(Math.round(at.x) + 0.5, state.viewport.height);
    } else {
      context.moveTo(0, Math.round(at.y) + 0.5);
      context.lineTo(state.viewport.width, Math.round(at.y) + 0.5);
    }
  }
  context.stroke();
  context.restore();
}

/** The brush in its true size: dark and light rings, so that it shows on everything. */
export function drawBrushCursor(
  context: CanvasRenderingContext2D,
  at: Point,
  brush: { readonly radius: number; readonly hardness: number },
): void {
  const radius = Math.max(1.5, brush.radius);
  context.save();
  ring(context, at, radius + 1, 'rgb(0 0 0 / 0.55)');
  ring(context, at, radius, 'rgb(255 255 255 / 0.95)');
  if (brush.hardness < 0.95 && radius > 14) {
    context.setLineDash([2, 3]);
    ring(context, at, Math.max(2, radius * brush.hardness), 'rgb(255 255 255 / 0.6)');
    context.setLineDash([]);
  }
  if (radius < 6) {
    context.fillStyle = 'rgb(0 0 0 / 0.6)';
    context.fillRect(at.x - 0.5, at.y - 0.5, 1, 1);
  }
  context.restore();
}

function ring(context: CanvasRenderingContext2D, at: Point, radius: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/** What others have selected, in their colours. */
export function drawPeerSelections(
  context: CanvasRenderingContext2D,
  state: SceneState,
  peers: readonly Peer[],
): void {
  const layers = new Map<string, Layer>(state.model.layers.map((layer) => [layer.id, layer]));
  for (const peer of peers) {
    if (peer.away) continue;
    const { color } = peer.color;
    for (const id of peer.selection.slice(0, 100)) {
      const layer = layers.get(id);
      const box = layer === undefined || layer.hidden ? null : orientedBoxOf(layer, state.dragged);
      if (box !== null) strokeBoxOutline(context, state, box, { color, width: 1.5 });
    }
  }
}

/** Others' pointers, each with its name while it moves. */
export function drawPeerCursors(
  context: CanvasRenderingContext2D,
  state: SceneState,
  cursors: readonly ShownCursor[],
): void {
  for (const { peer, point, nameAlpha } of cursors) {
    const at = toScreen(state.camera, point);
    if (at.x < -200 || at.y < -60 || at.x > state.viewport.width + 20 || at.y > state.viewport.height + 20)
      continue;
    const { color, ink } = peer.color;
    context.save();
    context.translate(at.x, at.y);
    drawArrow(context, color);
    if (nameAlpha > 0) {
      context.globalAlpha = nameAlpha;
      drawName(context, state, { name: peer.name, color, ink });
    }
    context.restore();
  }
}

function drawArrow(context: CanvasRenderingContext2D, color: string): void {
  context.beginPath();
  context.moveTo(0, 0);
  context.lineTo(4.6, 15.2);
  context.lineTo(7.9, 8.9);
  context.lineTo(14.6, 6.4);
  context.closePath();
  context.lineJoin = 'round';
  context.lineWidth = 3;
  context.strokeStyle = 'rgb(255 255 255 / 0.95)';
  context.stroke();
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = color;
  context.stroke();
}

function drawName(
  context: CanvasRenderingContext2D,
  { theme }: SceneState,
  label: { readonly name: string; readonly color: string; readonly ink: string },
): void {
  context.font = `600 12px ${theme.font}`;
  const text = clipText(context, label.name, 160);
  const { width } = context.measureText(text);
  context.fillStyle = label.color;
  context.beginPath();
  context.roundRect(12, 14, width + 14, 20, 10);
  context.fill();
  context.fillStyle = label.ink;
  context.textBaseline = 'middle';
  context.fillText(text, 19, 24.5);
}

/** The place of a picture on its way up. */
export function drawUpload(
  context: CanvasRenderingContext2D,
  state: SceneState,
  upload: Box & { readonly name: string },
): void {
  const box = onScreen(state, [upload.x, upload.y, upload.width, upload.height]);
  const { theme } = state;
  context.save();
  context.fillStyle = theme.hover;
  context.fillRect(box.x, box.y, box.width, box.height);
  context.strokeStyle = theme.edge;
  context.setLineDash([5, 4]);
  context.lineWidth = 1;
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
  if (box.width > 80 && box.height > 32) {
    context.font = `12px ${theme.font}`;
    context.textBaseline = 'top';
    context.fillStyle = theme.inkSoft;
    context.fillText(clipText(context, `Adding ${upload.name}…`, box.width - 20), box.x + 10, box.y + 10);
  }
  context.restore();
}
