import type { Rect } from '../../../shared/document/schema.ts';
import { matrixOf } from '../../../shared/geometry/matrix.ts';
import { toScreen } from '../core/camera.ts';
import { handlePoint, handles } from '../core/layer-geometry.ts';
import { drawHandle } from './draw-handles.ts';
import type { Afterimage } from './afterimage.ts';
import type { CandidateView, FramePreview, SceneState } from './scene-state.ts';

/** A picture that may still be loading. */
export type LoadedImage = HTMLImageElement | ImageBitmap | null;

/** Draws the preview of a running generation, or the candidate that is looked at, into its place. */
export function drawFrameContent(
  context: CanvasRenderingContext2D,
  state: SceneState,
  content: {
    readonly preview: FramePreview | null;
    readonly previewImage: LoadedImage;
    readonly afterimage: Afterimage | null;
    readonly candidate: CandidateView | null;
    readonly candidateImage: LoadedImage;
  },
): void {
  const { preview, previewImage, afterimage, candidate, candidateImage } = content;
  if (candidate !== null && candidateImage !== null) drawCandidate(context, state, candidate, candidateImage);
  if (afterimage !== null) drawInto(context, state, afterimage.rect ?? state.frame, afterimage.image);
  if (preview !== null && previewImage !== null)
    drawInto(context, state, preview.rect ?? state.frame, previewImage);
}

/** Draws the frame: border, size label, handles while it can be pulled, and progress as its border filling up. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  state: SceneState,
  options: {
    readonly preview: FramePreview | null;
    readonly hasHandles: boolean;
    readonly isDragged: boolean;
  },
): void {
  const { theme } = state;
  const box = onScreen(state, state.frame);
  context.save();
  // A light line inside a dark one (the other way round in the dark) is seen on any picture.
  context.lineWidth = 3;
  context.strokeStyle = theme.surface;
  context.globalAlpha = 0.75;
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.strokeStyle = options.isDragged || options.hasHandles ? theme.accent : theme.ink;
  context.strokeRect(box.x, box.y, box.width, box.height);
  const size = `${Math.round(state.frame[2])} × ${Math.round(state.frame[3])}`;
  drawLabel(context, state, { x: box.x, y: box.y, width: box.width, text: size });
  context.restore();

  const { preview } = options;
  if (preview !== null) drawProgress(context, state, preview);
  if (!options.hasHandles) return;
  const [x, y, width, height] = state.frame;
  const oriented = { matrix: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, box: { x, y, width, height } };
  for (const handle of handles)
    drawHandle(context, toScreen(state.camera, handlePoint(oriented, handle)), 0, theme);
}

/** The border of the place where a picture is being made fills clockwise from the top left. */
function drawProgress(context: CanvasRenderingContext2D, state: SceneState, preview: FramePreview): void {
  const { theme } = state;
  const box = onScreen(state, preview.rect ?? state.frame);
  const around = 2 * (box.width + box.height);
  const part = preview.steps > 0 ? Math.max(0, Math.min(1, preview.step / preview.steps)) : 0;
  context.save();
  context.lineWidth = 4;
  context.lineJoin = 'miter';
  context.strokeStyle = theme.line;
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.strokeStyle = theme.accent;
  context.setLineDash([around * part, around]);
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.stroke();
  context.restore();
  const percent = preview.steps > 0 ? `${Math.round(part * 100)} %` : 'Waiting';
  const text = preview.label === undefined ? percent : `${percent} · ${preview.label}`;
  drawLabel(context, state, { x: box.x, y: box.y + box.height + 26, width: box.width, text });
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { theme }: SceneState,
  label: { readonly x: number; readonly y: number; readonly width: number; readonly text: string },
): void {
  context.save();
  context.font = `500 12px ${theme.font}`;
  context.textBaseline = 'alphabetic';
  const text = clipText(context, label.text, Math.max(72, label.width));
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = theme.ground;
  context.strokeText(text, label.x, label.y - 7);
  context.fillStyle = theme.inkSoft;
  context.fillText(text, label.x, label.y - 7);
  context.restore();
}

/** The text with an ellipsis where it does not fit. */
export function clipText(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = [...text];
  while (kept.length > 1 && context.measureText(`${kept.join('')}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.join('').trimEnd()}…`;
}

function drawCandidate(
  context: CanvasRenderingContext2D,
  state: SceneState,
  { rect, placed }: CandidateView,
  image: HTMLImageElement | ImageBitmap,
): void {
  if (placed === undefined) return drawInto(context, state, rect, image);
  const { camera } = state;
  const { a, b, c, d, e, f } = matrixOf(placed.transform);
  context.save();
  context.scale(camera.zoom, camera.zoom);
  context.translate(-camera.x, -camera.y);
  context.transform(a, b, c, d, e, f);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, placed.width, placed.height);
  context.restore();
}

function drawInto(
  context: CanvasRenderingContext2D,
  state: SceneState,
  rect: Rect,
  image: HTMLImageElement | ImageBitmap,
): void {
  const box = onScreen(state, rect);
  context.save();
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, box.x, box.y, box.width, box.height);
  context.restore();
}

/** A rectangle of the canvas in whole screen pixels, so that its lines are sharp. */
export function onScreen(state: SceneState, rect: Rect) {
  const from = toScreen(state.camera, { x: rect[0], y: rect[1] });
  const to = toScreen(state.camera, { x: rect[0] + rect[2], y: rect[1] + rect[3] });
  const x = Math.round(from.x);
  const y = Math.round(from.y);
  return { x, y, width: Math.round(to.x) - x, height: Math.round(to.y) - y };
}
