'use client';

import { isApple } from '../../_ui/shortcut.ts';
import { screenPoint } from '../../../shared/geometry/point.ts';
import type { PointerInput, WheelInput } from '../core/input.ts';
import type { EditorParts } from './editor-context.ts';

/** Turns the browser's events on the stage into the editor's. Returns its undo. */
export function listenToPointers(element: HTMLElement, parts: EditorParts): () => void {
  const { editor, router } = parts;
  const apple = isApple();
  let box = element.getBoundingClientRect();

  function measure(): void {
    box = element.getBoundingClientRect();
  }

  function pointOf(event: { readonly clientX: number; readonly clientY: number }) {
    return screenPoint(event.clientX - box.left, event.clientY - box.top);
  }

  function inputOf(event: PointerEvent | MouseEvent): PointerInput {
    const pointer = event instanceof PointerEvent ? event : undefined;
    const point = pointOf(event);
    const pressure = pressureOf(pointer);
    const coalesced = pointer?.type === 'pointermove' ? (pointer.getCoalescedEvents?.() ?? []) : [];
    const samples = coalesced.map((sample) => ({ point: pointOf(sample), pressure: pressureOf(sample) }));
    return {
      point,
      pressure,
      pointerId: pointer?.pointerId ?? 1,
      device: pointer?.pointerType === 'pen' ? 'pen' : pointer?.pointerType === 'touch' ? 'touch' : 'mouse',
      button: buttonOf(event),
      samples: samples.length > 0 ? samples : [{ point, pressure }],
      shift: event.shiftKey,
      alt: event.altKey,
      mod: apple ? event.metaKey : event.ctrlKey,
      time: event.timeStamp,
    };
  }

  function onDown(event: PointerEvent): void {
    if (event.button === 2) return;
    measure();
    // The field that had the focus gives it up: shortcuts belong to the canvas now.
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    router.pointerDown(inputOf(event));
  }

  function onMove(event: PointerEvent): void {
    router.pointerMove(inputOf(event));
  }

  function onUp(event: PointerEvent): void {
    if (event.button === 2) return;
    router.pointerUp(inputOf(event));
  }

  function onCancel(event: PointerEvent): void {
    router.pointerCancel(event.pointerId);
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    measure();
    const unit =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE
        ? 16
        : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
          ? 400
          : 1;
    // A trackpad's pinch comes as Ctrl with small steps; a wheel with Ctrl held as Ctrl with large ones.
    const pinch = event.ctrlKey && Math.abs(event.deltaY) < 40;
    const mod = apple ? event.metaKey : event.ctrlKey;
    const input: WheelInput = {
      point: pointOf(event),
      dx: event.deltaX * unit,
      dy: event.deltaY * unit,
      pinch,
      shift: event.shiftKey,
      alt: event.altKey,
      mod: (mod && !pinch) || isWheelNotch(event),
    };
    router.wheel(input);
  }

  function onDoubleClick(event: MouseEvent): void {
    editor.tools.doubleClick(inputOf(event));
  }

  /** The middle button drags the canvas; without this some systems start to scroll the page instead. */
  function stopAutoscroll(event: MouseEvent): void {
    if (event.button === 1) event.preventDefault();
  }

  function onContextMenu(event: Event): void {
    event.preventDefault();
  }

  const listeners = [
    listen(element, 'pointerdown', onDown),
    listen(element, 'pointermove', onMove),
    listen(element, 'pointerup', onUp),
    listen(element, 'pointercancel', onCancel),
    listen(element, 'pointerenter', measure),
    listen(element, 'pointerleave', () => router.pointerLeave()),
    listen(element, 'dblclick', onDoubleClick),
    listen(element, 'contextmenu', onContextMenu),
    listen(element, 'mousedown', stopAutoscroll),
  ];
  element.addEventListener('wheel', onWheel, { passive: false });
  window.addEventListener('resize', measure);
  return () => {
    for (const undo of listeners) undo();
    element.removeEventListener('wheel', onWheel);
    window.removeEventListener('resize', measure);
  };
}

/** A wheel moves in whole notches along one axis; a trackpad glides. Wheels zoom to the pointer, trackpads pan. */
function isWheelNotch(event: WheelEvent): boolean {
  if (event.deltaX !== 0 || event.shiftKey || event.deltaY === 0) return false;
  return (
    event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL ||
    Math.abs(event.deltaY) % 100 === 0 ||
    Math.abs(event.deltaY) % 120 === 0
  );
}

/** A mouse reports a constant half; only a pen means what it says. */
function pressureOf(event: PointerEvent | undefined): number {
  return event?.pointerType === 'pen' ? event.pressure : 1;
}

function buttonOf(event: PointerEvent | MouseEvent): PointerInput['button'] {
  switch (event.button) {
    case 1:
      return 'middle';
    case 2:
      return 'secondary';
    case 5:
      return 'eraser';
    default:
      return 'main';
  }
}

function listen<Type extends keyof HTMLElementEventMap>(
  element: HTMLElement,
  type: Type,
  listener: (event: HTMLElementEventMap[Type]) => void,
): () => void {
  element.addEventListener(type, listener);
  return () => element.removeEventListener(type, listener);
}
