import { distance, midpoint, type ScreenPoint } from '../../../shared/geometry/point.ts';
import { type Camera, panBy, toCanvas, zoomAt } from './camera.ts';
import type { Editor } from './editor.ts';
import type { PointerInput, WheelInput } from './input.ts';
import { moveCamera, pan, zoomTo } from './view.ts';

/** Sends pointers and wheels where they belong: to the tool in hand, or to the camera. */
export interface InputRouter {
  pointerDown(input: PointerInput): void;
  pointerMove(input: PointerInput): void;
  pointerUp(input: PointerInput): void;
  /** The system took the pointer away (a call, a system gesture). */
  pointerCancel(pointerId: number): void;
  pointerLeave(): void;
  wheel(input: WheelInput): void;
}

/** Zoom a wheel pixel: 100 px (one notch) is about a quarter nearer. */
const zoomPerPixel = 0.0022;
const zoomPerPinchPixel = 0.01;
/** A palm resting on the glass right after the pen must not move the canvas. */
const palmMs = 500;
/** A second finger within this time of the first means that the first was never meant to draw. */
const secondFingerMs = 250;

/**
 * One finger acts as the tool, two pan and zoom. Once a pen was seen, fingers only ever pan and zoom, so that the hand
 * may rest. The middle button drags the canvas whatever the tool.
 */
export function createInputRouter(editor: Editor): InputRouter {
  const touches = new Map<number, ScreenPoint>();
  /** The pointer that the tool follows. */
  let toolPointer:
    | { readonly id: number; readonly device: PointerInput['device']; readonly since: number }
    | undefined;
  let pinch: { readonly camera: Camera; readonly from: readonly [ScreenPoint, ScreenPoint] } | undefined;
  let fingerPan: { readonly id: number; readonly camera: Camera; readonly from: ScreenPoint } | undefined;
  let penSeenAt: number | undefined;

  function startPinch(): void {
    const [a, b] = [...touches.values()];
    pinch = a === undefined || b === undefined ? undefined : { camera: editor.camera.get(), from: [a, b] };
    fingerPan = undefined;
  }

  function movePinch(): void {
    const [a, b] = [...touches.values()];
    if (pinch === undefined || a === undefined || b === undefined) return;
    const [fromA, fromB] = pinch.from;
    const from = midpoint(fromA, fromB);
    const to = midpoint(a, b);
    const spread = distance(a, b) / Math.max(1, distance(fromA, fromB));
    const panned = panBy(pinch.camera, to.x - from.x, to.y - from.y);
    moveCamera(editor, zoomAt(panned, to, pinch.camera.zoom * spread));
  }

  function touchDown(input: PointerInput): boolean {
    const penIsNear = penSeenAt !== undefined;
    if (penSeenAt !== undefined && (toolPointer?.device === 'pen' || input.time - penSeenAt < palmMs))
      return true;
    touches.set(input.pointerId, input.point);
    if (touches.size === 2) {
      if (toolPointer?.device === 'touch') {
        // A stroke of a quarter second under the first finger was the start of a pinch; a longer one is meant.
        if (input.time - toolPointer.since > secondFingerMs && editor.tools.isBusy()) return true;
        editor.tools.cancel();
        toolPointer = undefined;
      }
      startPinch();
      return true;
    }
    if (touches.size > 2) return true;
    if (penIsNear) {
      fingerPan = { id: input.pointerId, camera: editor.camera.get(), from: input.point };
      return true;
    }
    return false;
  }

  return {
    pointerDown(input) {
      editor.pointer.set(input.point);
      if (input.device === 'pen') penSeenAt = input.time;
      if (input.device === 'touch' && touchDown(input)) return;
      if (toolPointer !== undefined) return;
      if (input.button === 'middle') editor.tools.hold('hand');
      toolPointer = { id: input.pointerId, device: input.device, since: input.time };
      editor.tools.pointerDown(input);
    },

    pointerMove(input) {
      if (input.device === 'pen') penSeenAt = input.time;
      if (touches.has(input.pointerId)) touches.set(input.pointerId, input.point);
      if (pinch !== undefined && input.device === 'touch') {
        movePinch();
        return;
      }
      if (fingerPan?.id === input.pointerId) {
        const { camera, from } = fingerPan;
        moveCamera(editor, panBy(camera, input.point.x - from.x, input.point.y - from.y));
        return;
      }
      if (toolPointer !== undefined && toolPointer.id !== input.pointerId) return;
      if (toolPointer === undefined && input.device === 'touch') return;
      editor.pointer.set(input.point);
      editor.tools.pointerMove(input);
    },

    pointerUp(input) {
      touches.delete(input.pointerId);
      if (pinch !== undefined && touches.size < 2) pinch = undefined;
      if (fingerPan?.id === input.pointerId) fingerPan = undefined;
      if (toolPointer?.id !== input.pointerId) return;
      toolPointer = undefined;
      editor.tools.pointerUp(input);
      if (input.button === 'middle') editor.tools.release();
      if (input.device === 'touch') editor.pointer.set(null);
    },

    pointerCancel(pointerId) {
      touches.delete(pointerId);
      if (touches.size < 2) pinch = undefined;
      if (fingerPan?.id === pointerId) fingerPan = undefined;
      if (toolPointer?.id !== pointerId) return;
      toolPointer = undefined;
      editor.tools.cancel();
      editor.tools.release();
    },

    pointerLeave() {
      if (toolPointer !== undefined) return;
      editor.pointer.set(null);
      editor.tools.pointerLeave();
    },

    wheel(input) {
      if (input.pinch || input.mod) {
        const rate = input.pinch && !input.mod ? zoomPerPinchPixel : zoomPerPixel;
        const factor = Math.exp(-clampWheel(input.dy) * rate);
        zoomTo(editor, editor.camera.get().zoom * factor, input.point);
        return;
      }
      if (input.shift && input.dx === 0) pan(editor, -input.dy, 0);
      else pan(editor, -input.dx, -input.dy);
    },
  };
}

/** The canvas point under the pointer, for what is dropped or pasted; undefined while it is elsewhere. */
export function pointerOnCanvas(editor: Editor): { readonly x: number; readonly y: number } | undefined {
  const point = editor.pointer.get();
  return point === null ? undefined : toCanvas(editor.camera.get(), point);
}

function clampWheel(pixels: number): number {
  return Math.max(-300, Math.min(300, pixels));
}
