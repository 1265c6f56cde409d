import type { Box } from './box.ts';

/** A line that something snapped to, in canvas pixels. */
export interface Guide {
  readonly axis: 'x' | 'y';
  readonly at: number;
}

export interface Snap {
  readonly dx: number;
  readonly dy: number;
  readonly guides: readonly Guide[];
}

/**
 * How far to move `box` so that its edges or centre meet those of `others`, each axis on its own, at most `reach` canvas
 * pixels. The nearest line wins; of equally near ones the first.
 */
export function snapBox(box: Box, others: readonly Box[], reach: number): Snap {
  const x = nearest(
    linesOf(box, 'x'),
    others.flatMap((other) => linesOf(other, 'x')),
    reach,
  );
  const y = nearest(
    linesOf(box, 'y'),
    others.flatMap((other) => linesOf(other, 'y')),
    reach,
  );
  const guides: Guide[] = [];
  if (x !== undefined) guides.push({ axis: 'x', at: x.at });
  if (y !== undefined) guides.push({ axis: 'y', at: y.at });
  return { dx: x?.by ?? 0, dy: y?.by ?? 0, guides };
}

/** The value of `candidates` within `reach` of `value` that is nearest to it; `value` itself when there is none. */
export function snapValue(value: number, candidates: readonly number[], reach: number): number {
  const found = nearest([value], candidates, reach);
  return found === undefined ? value : found.at;
}

/** The multiple of `step` nearest to `value`. */
export function roundTo(value: number, step: number): number {
  // The sum turns −0 into 0, which would otherwise be stored and compared as another value.
  return Math.round(value / step) * step + 0;
}

function linesOf(box: Box, axis: 'x' | 'y'): readonly number[] {
  return axis === 'x'
    ? [box.x, box.x + box.width / 2, box.x + box.width]
    : [box.y, box.y + box.height / 2, box.y + box.height];
}

function nearest(
  own: readonly number[],
  candidates: readonly number[],
  reach: number,
): { readonly at: number; readonly by: number } | undefined {
  let found: { readonly at: number; readonly by: number } | undefined;
  for (const line of own) {
    for (const at of candidates) {
      const by = at - line;
      if (Math.abs(by) <= reach && (found === undefined || Math.abs(by) < Math.abs(found.by)))
        found = { at, by };
    }
  }
  return found;
}
