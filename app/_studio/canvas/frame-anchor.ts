/** A box on the screen, in CSS pixels from the top left of the stage. */
interface ScreenBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** To the edges of the stage. */
const margin = 12;

/**
 * Where something of size `size` that belongs under the frame goes: centred below it, above it when there is no room
 * below, and never outside the stage. Returns its top-left corner.
 */
export function placeUnderFrame(
  frame: ScreenBox | null,
  stage: { readonly w: number; readonly h: number },
  size: { readonly w: number; readonly h: number; readonly gap: number },
): { readonly x: number; readonly y: number } {
  const { gap } = size;
  const lowest = stage.h - size.h - margin;
  if (frame === null)
    return { x: clamp((stage.w - size.w) / 2, margin, stage.w - size.w - margin), y: lowest };
  const below = frame.y + frame.h + gap;
  const above = frame.y - size.h - gap;
  const y = below <= lowest ? below : above >= margin && above <= lowest ? above : lowest;
  return {
    x: clamp(frame.x + frame.w / 2 - size.w / 2, gap, Math.max(margin, stage.w - size.w - margin)),
    y: clamp(y, margin, Math.max(margin, lowest)),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
