import { boxAround, boxOf, unionOf } from '../../../shared/geometry/box.ts';
import type { Point } from '../../../shared/geometry/point.ts';
import { type Camera, fitBox, followView, nextZoomStop, panBy, zoomAt } from './camera.ts';
import { type Editor, modelOf, selectedLayers } from './editor.ts';
import { canvasBox, cornersOfBox, selectionBox } from './layer-geometry.ts';

/** Small pictures are shown at most this large when they are fitted: more is blur. */
const largestFit = 2;

/** Moves the camera because this person did so: whoever they followed, they no longer do. */
export function moveCamera(editor: Editor, camera: Camera): void {
  editor.following.set(null);
  editor.camera.set(camera);
}

export function pan(editor: Editor, dx: number, dy: number): void {
  moveCamera(editor, panBy(editor.camera.get(), dx, dy));
}

export function zoomTo(editor: Editor, zoom: number, anchor?: Point): void {
  moveCamera(editor, zoomAt(editor.camera.get(), anchor ?? middleOf(editor), zoom));
}

export function zoomStep(editor: Editor, direction: 1 | -1, anchor?: Point): void {
  zoomTo(editor, nextZoomStop(editor.camera.get().zoom, direction), anchor);
}

/** Shows the frame and every layer. */
export function fitAll(editor: Editor): void {
  const model = modelOf(editor);
  const boxes = model.layers.flatMap((layer) => (layer.hidden ? [] : (canvasBox(layer, null) ?? [])));
  const all = unionOf([boxOf(model.frame), ...boxes]);
  if (all !== undefined)
    moveCamera(editor, fitBox(all, editor.viewport.get(), editor.insets.get(), largestFit));
}

export function fitFrame(editor: Editor): void {
  moveCamera(
    editor,
    fitBox(boxOf(modelOf(editor).frame), editor.viewport.get(), editor.insets.get(), largestFit),
  );
}

/** Shows the selection; everything when nothing is selected. */
export function fitSelection(editor: Editor): void {
  const selected = selectionBox(selectedLayers(editor), null);
  const box = selected === null ? undefined : boxAround(cornersOfBox(selected));
  if (box === undefined) fitAll(editor);
  else moveCamera(editor, fitBox(box, editor.viewport.get(), editor.insets.get(), 8));
}

/** Keeps this tab's view on that of the person it follows, until it moves by itself or they leave. */
export function startFollowing(editor: Editor): () => void {
  const update = () => {
    const clientId = editor.following.get();
    if (clientId === null) return;
    const peer = editor.presence.peers.get().find((candidate) => candidate.clientId === clientId);
    if (peer === undefined) {
      editor.following.set(null);
      return;
    }
    if (peer.view !== null) editor.camera.set(followView(peer.view, editor.viewport.get()));
  };
  const undos = [editor.presence.peers.subscribe(update), editor.following.subscribe(update)];
  return () => {
    for (const undo of undos) undo();
  };
}

/** The middle of what panels leave free of the stage, screen pixels. */
export function middleOf(editor: Editor): Point {
  const { width, height } = editor.viewport.get();
  const { top, right, bottom, left } = editor.insets.get();
  return { x: left + (width - left - right) / 2, y: top + (height - top - bottom) / 2 };
}
