import type { BlendMode, ImageLayer } from '../../../shared/document/schema.ts';
import { boxesOverlap } from '../../../shared/geometry/box.ts';
import { matrixOf } from '../../../shared/geometry/matrix.ts';
import { visibleBox } from '../core/camera.ts';
import { canvasBox, transformNow } from '../core/layer-geometry.ts';
import type { PictureStore } from './pictures.ts';
import type { SceneState } from './scene-state.ts';

const blends: Readonly<Record<BlendMode, GlobalCompositeOperation>> = {
  normal: 'source-over',
  multiply: 'multiply',
  screen: 'screen',
  overlay: 'overlay',
  darken: 'darken',
  lighten: 'lighten',
};

/** Canvas pixels between the dots of the ground: the step of the frame's sides. */
const dotStep = 64;

/** Draws the ground and every picture in sight, bottom first. */
export function drawPictures(
  context: CanvasRenderingContext2D,
  state: SceneState,
  pictures: PictureStore,
): void {
  drawDots(context, state);
  const { camera, model, dragged, viewport } = state;
  const seen = visibleBox(camera, viewport);
  context.save();
  context.scale(camera.zoom, camera.zoom);
  context.translate(-camera.x, -camera.y);
  for (const layer of model.layers) {
    if (layer.kind !== 'image' || layer.hidden || layer.opacity === 0) continue;
    const box = canvasBox(layer, dragged);
    if (box === null || !boxesOverlap(box, seen)) continue;
    drawPicture(context, layer, state, pictures);
  }
  context.restore();
}

function drawPicture(
  context: CanvasRenderingContext2D,
  layer: ImageLayer,
  state: SceneState,
  pictures: PictureStore,
): void {
  const { a, b, c, d, e, f } = matrixOf(transformNow(layer, state.dragged));
  const picture = pictures.get(layer.asset);
  context.save();
  context.transform(a, b, c, d, e, f);
  switch (picture.state) {
    case 'ready': {
      const scale = state.camera.zoom * Math.hypot(a, b);
      context.globalAlpha = layer.opacity;
      context.globalCompositeOperation = blends[layer.blend];
      // Far in, a painter wants to see the pixels; far out, no shimmer.
      context.imageSmoothingEnabled = scale < 4;
      context.imageSmoothingQuality = scale < 0.75 ? 'high' : 'medium';
      context.drawImage(picture.image, 0, 0, layer.width, layer.height);
      break;
    }
    case 'loading':
      context.fillStyle = state.theme.hover;
      context.fillRect(0, 0, layer.width, layer.height);
      break;
    case 'failed':
      drawMissing(context, layer, state);
      break;
  }
  context.restore();
}

function drawMissing(
  context: CanvasRenderingContext2D,
  layer: ImageLayer,
  { theme, camera }: SceneState,
): void {
  const pixel = 1 / camera.zoom;
  context.fillStyle = theme.hover;
  context.fillRect(0, 0, layer.width, layer.height);
  context.strokeStyle = theme.edge;
  context.lineWidth = pixel;
  context.setLineDash([4 * pixel, 4 * pixel]);
  context.strokeRect(0, 0, layer.width, layer.height);
  context.fillStyle = theme.inkSoft;
  context.font = `${12 * pixel}px ${theme.font}`;
  context.textBaseline = 'top';
  context.fillText('Picture not loaded', 8 * pixel, 8 * pixel, layer.width - 16 * pixel);
}

function drawDots(context: CanvasRenderingContext2D, { camera, viewport, theme }: SceneState): void {
  let step = dotStep * camera.zoom;
  while (step < 24) step *= 4;
  if (step > 400) return;
  const startX = -((((camera.x * camera.zoom) % step) + step) % step);
  const startY = -((((camera.y * camera.zoom) % step) + step) % step);
  context.fillStyle = theme.line;
  for (let y = startY; y < viewport.height + 2; y += step) {
    for (let x = startX; x < viewport.width + 2; x += step) context.fillRect(x - 0.75, y - 0.75, 1.5, 1.5);
  }
}
