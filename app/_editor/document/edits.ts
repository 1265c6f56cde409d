import * as Y from 'yjs';
import { rootsOf } from '../../../shared/document/canvas.ts';
import { type LayerId, layerKeys, type Stroke } from '../../../shared/document/schema.ts';
import { decodeStroke, encodeStroke } from '../../../shared/document/strokes.ts';

/** A map of the document, by name. */
export type MapName = 'frame' | 'reference' | 'candidates' | `layer:${LayerId}` | `tiles:${LayerId}`;

/** A value that can be taken back: which key of which map had what before, and what after. Undefined = no such key. */
interface ValueEdit {
  readonly kind: 'value';
  readonly map: MapName;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Strokes put into a mask's tail, or taken out of it; `end` is where they are (or would be) put. */
interface StrokeEdit {
  readonly kind: 'paint' | 'unpaint';
  readonly layerId: LayerId;
  readonly end: 'top' | 'bottom';
  readonly strokes: readonly Stroke[];
}

export type Edit = ValueEdit | StrokeEdit;

/** Writes edits whatever is there. Call inside a transaction. */
export function performEdits(doc: Y.Doc, edits: readonly Edit[]): void {
  for (const edit of edits) {
    if (edit.kind === 'value') write(doc, edit);
    else if (edit.kind === 'paint') addStrokes(doc, edit);
    else removeStrokes(doc, edit);
  }
}

/**
 * Writes edits where the document still is as they expect, and returns the ones that were written. A value is only
 * written over the one it knew before (Figma's rule): neither undo nor redo may wipe out another person's work.
 *
 * Y.UndoManager is not used for maps: it can leave a key undefined for everybody (yjs#514).
 */
export function performWherePossible(doc: Y.Doc, edits: readonly Edit[]): readonly Edit[] {
  return edits.flatMap((edit): readonly Edit[] => {
    switch (edit.kind) {
      case 'value': {
        const map = mapOf(doc, edit.map);
        if (map === undefined || !sameValue(map.get(edit.key), edit.before)) return [];
        write(doc, edit);
        return [edit];
      }
      case 'paint':
        return addStrokes(doc, edit) ? [edit] : [];
      case 'unpaint': {
        const strokes = removeStrokes(doc, edit);
        return strokes.length > 0 ? [{ ...edit, strokes }] : [];
      }
    }
  });
}

/** The edits that take these back, in the order in which they must be done. */
export function reversed(edits: readonly Edit[]): readonly Edit[] {
  return edits.toReversed().map((edit): Edit => {
    switch (edit.kind) {
      case 'value':
        return { ...edit, before: edit.after, after: edit.before };
      case 'paint':
        return { ...edit, kind: 'unpaint' };
      case 'unpaint':
        return { ...edit, kind: 'paint' };
    }
  });
}

export function mapOf(doc: Y.Doc, name: MapName): Y.Map<unknown> | undefined {
  const roots = rootsOf(doc);
  if (name === 'frame') return roots.frame;
  if (name === 'reference') return roots.reference;
  if (name === 'candidates') return roots.candidates;
  const layer = roots.layers.get(name.slice(name.indexOf(':') + 1));
  if (!(layer instanceof Y.Map)) return undefined;
  if (name.startsWith('layer:')) return layer;
  const tiles = layer.get(layerKeys.tiles);
  return tiles instanceof Y.Map ? tiles : undefined;
}

export function strokesOf(doc: Y.Doc, layerId: LayerId): Y.Array<unknown> | undefined {
  const strokes = mapOf(doc, `layer:${layerId}`)?.get(layerKeys.strokes);
  return strokes instanceof Y.Array ? strokes : undefined;
}

function write(doc: Y.Doc, { map: name, key, after }: ValueEdit): void {
  const map = mapOf(doc, name);
  if (map === undefined) return;
  if (after === undefined) map.delete(key);
  else map.set(key, after);
}

function addStrokes(doc: Y.Doc, { layerId, end, strokes }: StrokeEdit): boolean {
  const tail = strokesOf(doc, layerId);
  if (tail === undefined || strokes.length === 0) return false;
  tail.insert(end === 'top' ? tail.length : 0, strokes.map(encodeStroke));
  return true;
}

/** Removes the strokes that are still in the tail (a baked one no longer is) and returns those. */
function removeStrokes(doc: Y.Doc, { layerId, strokes }: StrokeEdit): readonly Stroke[] {
  const tail = strokesOf(doc, layerId);
  if (tail === undefined) return [];
  const byId = new Map(strokes.map((stroke) => [stroke.id, stroke]));
  const removed: Stroke[] = [];
  for (let at = tail.length - 1; at >= 0; at -= 1) {
    const stroke = byId.get(decodeStroke(tail.get(at))?.id ?? '');
    if (stroke === undefined) continue;
    tail.delete(at, 1);
    removed.push(stroke);
  }
  return removed.toReversed();
}

/** Values of maps are plain JSON here, so their text tells whether they are the same. */
function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
