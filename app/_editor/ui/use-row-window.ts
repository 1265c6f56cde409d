'use client';

import { useEffect, useState } from 'react';

/** Rows beyond the visible ones that are kept drawn, so that scrolling and Tab never meet a gap. */
const spare = 6;

interface RowWindow {
  /** Height of a row, CSS pixels. */
  readonly rowHeight: number;
  readonly first: number;
  /** One past the last drawn row. */
  readonly end: number;
}

/** Which rows of a long list are worth drawing: a canvas may have thousands of layers. */
export function useRowWindow(list: { readonly current: HTMLElement | null }, count: number): RowWindow {
  const [view, setView] = useState({ top: 0, height: 600 });
  const rowHeight = useRowHeight();
  const hasRows = count > 0;

  useEffect(() => {
    const element = list.current;
    if (element === null || !hasRows) return undefined;
    const measure = () => {
      const next = { top: element.scrollTop, height: element.clientHeight };
      setView((before) => (before.top === next.top && before.height === next.height ? before : next));
    };
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    measure();
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [list, hasRows]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + spare);
  return {
    rowHeight,
    first: Math.min(first, Math.max(0, count - 1)),
    end: Math.max(end, Math.min(count, first + 1)),
  };
}

/** 44 px; under a finger 52. */
function useRowHeight(): number {
  const [isCoarse, setCoarse] = useState(false);
  useEffect(() => {
    const query = matchMedia('(pointer: coarse)');
    const update = () => setCoarse(query.matches);
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return isCoarse ? 52 : 44;
}
