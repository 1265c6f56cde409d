import type { PointerInput } from './input.ts';

/** Names of the tools, as presence and tests see them. */
const toolIds = ['select', 'hand', 'brush', 'eraser', 'frame', 'zoom'] as const;
export type ToolId = (typeof toolIds)[number];

/** Where a handler leads: another state, back to the tool's idle state, or (undefined) nowhere. */
export type Next = ToolState | 'idle' | undefined;

/**
 * One moment of a gesture. A state is made by a function with everything it needs as arguments, lives until a handler
 * leads away from it, and is thrown away: there is nothing to reset.
 */
export interface ToolState {
  /** For tests and `repr`: `select.translating`. */
  readonly path: `${ToolId}.${string}`;
  onPointerDown?(input: PointerInput): Next;
  onPointerMove?(input: PointerInput): Next;
  onPointerUp?(input: PointerInput): Next;
  onDoubleClick?(input: PointerInput): Next;
  /** The pointer left the stage without a button held. */
  onPointerLeave?(): void;
  /** Undoes what the gesture did so far. The machine then returns to idle by itself. */
  onCancel?(): void;
}

export interface Tool {
  readonly id: ToolId;
  /** The state between gestures. */
  idle(): ToolState;
}
