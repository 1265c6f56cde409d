import type { LayerId, Rect, Transform } from '../../../shared/document/schema.ts';
import { packStroke } from '../../../shared/raster/stroke-points.ts';
import { toCanvas } from './camera.ts';
import type { Editor, Ink } from './editor.ts';
import type { LiveInk } from './presence-port.ts';
import { subscribeAll } from './store.ts';

/**
 * A room passes on 4 KiB of presence at most, so each part has its share: packed samples of ink in bytes (a third more as
 * base64), selected layers, and layers in mid-drag; ink and drags are never sent together.
 */
const mostInkBytes = 1_500;
const mostSelected = 20;
const mostDragged = 16;

/** Shows others what this tab does: pointer, selection, view, drags and ink. Returns its undo. */
export function startBroadcast(editor: Editor): () => void {
  const { presence } = editor;
  const undos = [
    subscribeAll([editor.pointer, editor.camera, editor.visible], () => {
      const point = editor.pointer.get();
      const shown = point !== null && editor.visible.get();
      const { x, y } = shown ? toCanvas(editor.camera.get(), point) : { x: 0, y: 0 };
      presence.show({ pointer: shown ? { x: round(x), y: round(y) } : null });
    }),
    subscribeAll([editor.camera, editor.viewport], () => {
      const { width, height } = editor.viewport.get();
      if (width > 0 && height > 0) presence.show({ view: { camera: editor.camera.get(), width, height } });
    }),
    subscribeAll([editor.selection, editor.visible], () =>
      presence.show({ selection: editor.visible.get() ? editor.selection.get().slice(0, mostSelected) : [] }),
    ),
    editor.tools.active.subscribe(() => presence.show({ tool: editor.tools.active.get() })),
    editor.drag.subscribe(() => presence.show({ drag: recordOf(editor.drag.get()) })),
    editor.frameDrag.subscribe(() => presence.show({ frameDrag: tupleOf(editor.frameDrag.get()) })),
    editor.looking.subscribe(() => presence.show({ looking: editor.looking.get() })),
    editor.ink.subscribe(() => {
      const ink = editor.ink.get();
      presence.show({ ink: ink === null ? null : liveInk(ink) });
    }),
  ];
  return () => {
    for (const undo of undos) undo();
  };
}

/** The stroke as a message: all of it while it is short, then its last part. */
export function liveInk(ink: Ink): LiveInk {
  const points = ink.painter.points();
  // A sample takes three bytes at least: more than these cannot fit, and a long stroke need not be packed whole.
  let from = Math.max(0, points.length - Math.floor(mostInkBytes / 3));
  let packed = packStroke(points.slice(from));
  while (packed.length > mostInkBytes) {
    from = Math.max(
      from + 1,
      points.length - Math.floor(((points.length - from) * mostInkBytes * 0.9) / packed.length),
    );
    packed = packStroke(points.slice(from));
  }
  const { tool, size, opacity, hardness } = ink.painter.brush;
  return {
    strokeId: ink.strokeId,
    layerId: ink.layerId,
    tool,
    size,
    opacity,
    hardness,
    from,
    points: toBase64(packed),
  };
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes of a base64 text; none for text that is not base64. */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function recordOf(drag: ReadonlyMap<LayerId, Transform> | null): Readonly<Record<string, Transform>> | null {
  return drag === null ? null : Object.fromEntries([...drag].slice(0, mostDragged));
}

function tupleOf(rect: Rect | null): readonly [number, number, number, number] | null {
  return rect === null ? null : [rect[0], rect[1], rect[2], rect[3]];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
