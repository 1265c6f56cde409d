import { identityTransform, type Stroke } from '../../../../shared/document/schema.ts';
import { applyTo, invert, matrixOf } from '../../../../shared/geometry/matrix.ts';
import { createStrokePainter, type StrokePainter } from '../../../../shared/raster/stroke-painter.ts';
import { packStroke, type StrokePoint } from '../../../../shared/raster/stroke-points.ts';
import { toCanvas } from '../../core/camera.ts';
import type { Command } from '../../core/document-port.ts';
import { applyCommands, type Editor } from '../../core/editor.ts';
import type { PointerInput, PointerSample } from '../../core/input.ts';
import type { PaintTarget } from '../../core/masks.ts';
import type { ToolState } from '../../core/tool.ts';
import { createSmoother } from './smoothing.ts';

/** Samples of one stroke in the document, at most nine bytes each: below what the document takes. More become the next. */
const longestStroke = 20_000;

/**
 * A stroke is drawn: local ink at once, the document once at the end. Shift draws a straight line from where it was
 * pressed, or from the end of the last stroke when it was down before.
 */
export function painting(
  editor: Editor,
  gesture: {
    readonly target: Exclude<PaintTarget, { readonly kind: 'blocked' }>;
    readonly stroke: Stroke['tool'];
    readonly path: ToolState['path'];
    readonly press: PointerInput;
  },
): ToolState {
  const { target, stroke, press } = gesture;
  const layerId = target.kind === 'layer' ? target.layer.id : target.id;
  const transform = target.kind === 'layer' ? target.layer.transform : identityTransform;
  const toLayer = invert(matrixOf(transform));
  const settings = (stroke === 'brush' ? editor.brush : editor.eraser).get();
  const scale = Math.sqrt(Math.abs(transform[2] * transform[3])) || 1;
  const brush = {
    tool: stroke,
    size: Math.max(0.5, Math.min(2_000, settings.size / scale)),
    opacity: settings.opacity,
    hardness: settings.hardness,
  };
  const strokeId = editor.newId();
  let smoother = createSmoother();
  /** The path as drawn by hand; a straight line in the making is not in it. */
  let kept: StrokePoint[] = [];
  let painter = createStrokePainter(brush);
  let isStraight = false;

  function pointOf(sample: PointerSample): StrokePoint {
    const canvas = toCanvas(editor.camera.get(), sample.point);
    const local = toLayer === undefined ? canvas : applyTo(toLayer, canvas);
    return { x: local.x, y: local.y, pressure: sample.pressure };
  }

  function show(next: StrokePainter): void {
    painter = next;
    editor.ink.set({ strokeId, layerId, onNewMask: target.kind === 'new', painter });
  }

  function extend(points: readonly StrokePoint[]): void {
    if (points.length === 0) return;
    kept.push(...points);
    painter.add(points);
    show(painter);
  }

  function straightTo(sample: PointerSample): void {
    isStraight = true;
    const line = createStrokePainter(brush);
    line.add([...kept, pointOf(sample)]);
    show(line);
  }

  function finish(): void {
    editor.ink.set(null);
  }

  const last = editor.lastStroke.get();
  if (press.shift && last?.layerId === layerId) {
    kept = [last.end];
    straightTo(press);
  } else {
    extend(smoother.add(pointOf(press)));
  }

  return {
    path: gesture.path,

    onPointerMove(input) {
      if (input.shift) {
        straightTo(input);
        return;
      }
      if (isStraight) {
        // Shift was let go: the line stays, the hand goes on from its end.
        isStraight = false;
        kept = [...painter.points()];
        smoother = createSmoother();
      }
      extend(input.samples.flatMap((sample) => smoother.add(pointOf(sample))));
    },

    onPointerUp() {
      if (!isStraight) extend(smoother.finish());
      const points = painter.points();
      finish();
      const create: readonly Command[] =
        target.kind === 'new' ? [{ type: 'add-mask', id: target.id, name: target.name }] : [];
      const strokes = piecesOf(points).map((piece, i): Command => {
        const id = i === 0 ? strokeId : editor.newId();
        return {
          type: 'add-stroke',
          id: layerId,
          stroke: { id, ...brush, points: packStroke(piece), by: editor.person.userId },
        };
      });
      applyCommands(editor, stroke === 'brush' ? 'Brush stroke' : 'Eraser stroke', [...create, ...strokes]);
      const end = points.at(-1);
      if (end !== undefined) editor.lastStroke.set({ layerId, end });
      if (target.kind === 'new') editor.selection.set([layerId]);
      return 'idle';
    },

    onCancel: finish,
  };
}

/** The path in pieces that fit into the document; each begins where the one before ended. */
function piecesOf(points: readonly StrokePoint[]): readonly (readonly StrokePoint[])[] {
  const count = Math.max(1, Math.ceil((points.length - 1) / (longestStroke - 1)));
  return Array.from({ length: count }, (_, i) => {
    const start = i * (longestStroke - 1);
    return points.slice(start, start + longestStroke);
  });
}
