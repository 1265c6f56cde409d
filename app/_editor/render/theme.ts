/** Colours of what is drawn on the canvas, from the page's tokens. */
export interface CanvasTheme {
  readonly ground: string;
  readonly surface: string;
  readonly hover: string;
  readonly line: string;
  readonly edge: string;
  readonly ink: string;
  readonly inkSoft: string;
  readonly accent: string;
  readonly accentInk: string;
  readonly danger: string;
  readonly font: string;
}

export function readTheme(element: Element): CanvasTheme {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ground: read('--ground'),
    surface: read('--surface'),
    hover: read('--hover'),
    line: read('--line'),
    edge: read('--edge'),
    ink: read('--ink'),
    inkSoft: read('--ink-soft'),
    accent: read('--focus'),
    accentInk: read('--accent-ink'),
    danger: read('--danger'),
    font: style.fontFamily,
  };
}
