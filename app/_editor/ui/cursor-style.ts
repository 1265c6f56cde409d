import type { Cursor } from '../core/editor.ts';

const arrows = ['ew-resize', 'nwse-resize', 'ns-resize', 'nesw-resize'] as const;

/** The CSS cursor. A resize arrow points the way its handle pulls, to the nearest eighth of a turn. */
export function cursorStyle(cursor: Cursor): string {
  if (typeof cursor === 'string') return cursor === 'brush' ? 'none' : cursor;
  switch (cursor.kind) {
    case 'resize': {
      const eighth = Math.round((((cursor.degrees % 180) + 180) % 180) / 45) % 4;
      return arrows[eighth] ?? 'move';
    }
    case 'rotate':
      return rotateCursor;
  }
}

const rotateSvg =
  `<svg xmlns='http://www.w3.org/2000/svg' width='22' height='22' fill='none' stroke-linecap='round' stroke-linejoin='round'>` +
  `<g id='a'><path d='M5 15a7.5 7.5 0 0 1 10-10M15 5l-4.2-.6M15 5l-.6 4.2M5 15l-.6-4.2M5 15l4.2-.6' stroke='white' stroke-width='4'/>` +
  `<path d='M5 15a7.5 7.5 0 0 1 10-10M15 5l-4.2-.6M15 5l-.6 4.2M5 15l-.6-4.2M5 15l4.2-.6' stroke='black' stroke-width='1.6'/></g></svg>`;
const rotateCursor = `url("data:image/svg+xml,${encodeURIComponent(rotateSvg)}") 10 10, alias`;
