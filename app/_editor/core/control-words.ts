import type { ControlKind } from '../../../shared/contracts/recipe.ts';
import type { ControlLayer } from '../../../shared/document/schema.ts';

/** What each kind of map is called, and what it does, in a painter's words. */
export const controlWords: Readonly<Record<ControlKind, { readonly name: string; readonly hint: string }>> = {
  edge: { name: 'Edges', hint: 'Thin white lines: the picture gets the same outlines.' },
  scribble: { name: 'Scribble', hint: 'A rough sketch: the picture follows its shapes loosely.' },
  segmentation: { name: 'Regions', hint: 'What is where, one colour for each thing (segmentation).' },
  depth: { name: 'Depth', hint: 'White is near, black is far.' },
  pose: { name: 'Pose', hint: 'How people stand, as coloured limbs. The house model does not know it.' },
};

/** What the colours of a segmentation stand for, by number. */
export const regionNames: readonly string[] = [
  'Background',
  'Ground',
  'First thing',
  'Second thing',
  'Third thing',
];

/** A control layer in a few words: "Edges, 80 %" or "Regions, first thing, 100 %, steps 0–50 %". */
export function describeControl(layer: ControlLayer): string {
  return `${controlWords[layer.map].name}, ${describeFollowing(layer)}`;
}

/** The same without its kind, for where the name says it already. */
export function describeFollowing(layer: ControlLayer): string {
  const region = layer.map === 'segmentation' ? [regionNames[layer.region] ?? ''] : [];
  const [start, end] = layer.range;
  const range = start === 0 && end === 1 ? [] : [`steps ${percent(start)}–${percent(end)} %`];
  return [...region, `${percent(layer.strength)} %`, ...range].join(', ');
}

export function percent(share: number): number {
  return Math.round(share * 100);
}
