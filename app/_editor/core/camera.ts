import type { Box } from '../../../shared/geometry/box.ts';
import {
  type CanvasPoint,
  canvasPoint,
  clamp,
  type Point,
  type ScreenPoint,
  screenPoint,
} from '../../../shared/geometry/point.ts';

/** Where one looks: the canvas point in the top-left corner of the stage, and screen pixels a canvas pixel. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

const smallestZoom = 0.02;
const largestZoom = 32;
/** Steps of the zoom keys. */
const zoomStops = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32] as const;
/** How far from the origin one can get: beyond this nothing can be placed anyway. */
const farthest = 1_000_000;

export function toCanvas(camera: Camera, point: Point): CanvasPoint {
  return canvasPoint(camera.x + point.x / camera.zoom, camera.y + point.y / camera.zoom);
}

export function toScreen(camera: Camera, point: Point): ScreenPoint {
  return screenPoint((point.x - camera.x) * camera.zoom, (point.y - camera.y) * camera.zoom);
}

/** Moves what is seen by screen pixels, as if dragged by hand. */
export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return limit({ ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom });
}

/** Changes the zoom so that the canvas point under `anchor` stays under it. */
export function zoomAt(camera: Camera, anchor: Point, zoom: number): Camera {
  const next = clamp(zoom, smallestZoom, largestZoom);
  const under = toCanvas(camera, anchor);
  return limit({ x: under.x - anchor.x / next, y: under.y - anchor.y / next, zoom: next });
}

export function nextZoomStop(zoom: number, direction: 1 | -1): number {
  if (direction === 1) return zoomStops.find((stop) => stop > zoom * 1.001) ?? largestZoom;
  return zoomStops.findLast((stop) => stop < zoom * 0.999) ?? smallestZoom;
}

/** Room around what is fitted, screen pixels a side; panels that lie over the canvas count here. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** Shows all of `box` in the middle of the free part of the viewport, at most at `most` times its size. */
export function fitBox(box: Box, viewport: Viewport, insets: Insets, most = 4): Camera {
  const width = Math.max(40, viewport.width - insets.left - insets.right);
  const height = Math.max(40, viewport.height - insets.top - insets.bottom);
  const fitting = Math.min(width / Math.max(1, box.width), height / Math.max(1, box.height));
  const zoom = clamp(Math.min(fitting, most), smallestZoom, largestZoom);
  return limit({
    x: box.x + box.width / 2 - (insets.left + width / 2) / zoom,
    y: box.y + box.height / 2 - (insets.top + height / 2) / zoom,
    zoom,
  });
}

/** Keeps the middle of the view of another screen in the middle of this one, and as much in sight as there was. */
export function followView(
  theirs: { readonly camera: Camera; readonly width: number; readonly height: number },
  viewport: Viewport,
): Camera {
  const { camera } = theirs;
  return fitBox(
    { x: camera.x, y: camera.y, width: theirs.width / camera.zoom, height: theirs.height / camera.zoom },
    viewport,
    { top: 0, right: 0, bottom: 0, left: 0 },
    largestZoom,
  );
}

/** What is in sight, canvas pixels. */
export function visibleBox(camera: Camera, viewport: Viewport): Box {
  return {
    x: camera.x,
    y: camera.y,
    width: viewport.width / camera.zoom,
    height: viewport.height / camera.zoom,
  };
}

function limit(camera: Camera): Camera {
  return { ...camera, x: clamp(camera.x, -farthest, farthest), y: clamp(camera.y, -farthest, farthest) };
}
