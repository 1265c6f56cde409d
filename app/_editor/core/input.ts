import type { ScreenPoint } from '../../../shared/geometry/point.ts';

/** One sample of a pointer, in screen pixels of the stage. */
export interface PointerSample {
  readonly point: ScreenPoint;
  /** 0 … 1; 1 for devices that have no pressure. */
  readonly pressure: number;
}

export interface Modifiers {
  readonly shift: boolean;
  readonly alt: boolean;
  /** ⌘ on Apple's keyboards, Ctrl on others. */
  readonly mod: boolean;
}

export const noModifiers: Modifiers = { shift: false, alt: false, mod: false };

export interface PointerInput extends PointerSample, Modifiers {
  readonly pointerId: number;
  readonly device: 'mouse' | 'pen' | 'touch';
  readonly button: 'main' | 'middle' | 'secondary' | 'eraser';
  /** Samples since the last event, this one last: a pen reports more often than the screen draws. */
  readonly samples: readonly PointerSample[];
  /** Milliseconds on any steady clock. */
  readonly time: number;
}

export interface WheelInput extends Modifiers {
  readonly point: ScreenPoint;
  readonly dx: number;
  readonly dy: number;
  /** A pinch on a trackpad, which browsers report as a wheel with Ctrl held. */
  readonly pinch: boolean;
}

export interface KeyInput extends Modifiers {
  /** `KeyboardEvent.key`. */
  readonly key: string;
  /** `KeyboardEvent.code`: the place of the key, for shortcuts that must not move with the layout. */
  readonly code: string;
  readonly repeat: boolean;
}
