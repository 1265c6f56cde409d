import type { Modifiers, PointerInput } from './input.ts';
import { createStore, type Readable } from './store.ts';
import type { Next, Tool, ToolId, ToolState } from './tool.ts';

/** Which tool is in hand and in which state it is. */
export interface ToolMachine {
  /** The chosen tool; stays while another one is held for a moment. */
  readonly chosen: Readable<ToolId>;
  /** The tool that acts now. */
  readonly active: Readable<ToolId>;
  readonly state: Readable<ToolState>;
  /** Whether a gesture is under way. */
  isBusy(): boolean;
  choose(id: ToolId): void;
  /** Uses a tool for as long as a key or button is held; `release` brings the chosen one back. */
  hold(id: ToolId): void;
  release(): void;
  cancel(): void;
  pointerDown(input: PointerInput): void;
  pointerMove(input: PointerInput): void;
  pointerUp(input: PointerInput): void;
  pointerLeave(): void;
  doubleClick(input: PointerInput): void;
  /** Shift or Alt went down or up while the pointer rests: the gesture sees it at once. */
  modifiersChanged(modifiers: Modifiers): void;
}

export function createToolMachine(tools: ReadonlyMap<ToolId, Tool>, first: ToolId): ToolMachine {
  const chosen = createStore<ToolId>(first);
  const active = createStore<ToolId>(first);
  const state = createStore<ToolState>(tool(first).idle());
  let pressed = false;
  let lastMove: PointerInput | undefined;

  function tool(id: ToolId): Tool {
    const found = tools.get(id);
    if (found === undefined) throw new Error(`no tool is called ${id}`);
    return found;
  }

  function go(next: Next): void {
    if (next === undefined) return;
    state.set(next === 'idle' ? tool(active.get()).idle() : next);
  }

  function cancel(): void {
    state.get().onCancel?.();
    pressed = false;
    go('idle');
  }

  function activate(id: ToolId): void {
    if (active.get() === id) return;
    cancel();
    active.set(id);
    go('idle');
  }

  return {
    chosen,
    active,
    state,
    isBusy: () => pressed,
    choose(id) {
      chosen.set(id);
      activate(id);
    },
    hold(id) {
      if (!pressed) activate(id);
    },
    release() {
      if (active.get() !== chosen.get()) activate(chosen.get());
    },
    cancel,
    pointerDown(input) {
      pressed = true;
      lastMove = input;
      go(state.get().onPointerDown?.(input));
    },
    pointerMove(input) {
      lastMove = input;
      go(state.get().onPointerMove?.(input));
    },
    pointerUp(input) {
      pressed = false;
      lastMove = input;
      go(state.get().onPointerUp?.(input));
    },
    pointerLeave() {
      lastMove = undefined;
      state.get().onPointerLeave?.();
    },
    doubleClick(input) {
      go(state.get().onDoubleClick?.(input));
    },
    modifiersChanged({ shift, alt, mod }) {
      if (lastMove === undefined) return;
      if (lastMove.shift === shift && lastMove.alt === alt && lastMove.mod === mod) return;
      const { point, pressure } = lastMove;
      lastMove = { ...lastMove, shift, alt, mod, samples: [{ point, pressure }] };
      go(state.get().onPointerMove?.(lastMove));
    },
  };
}
