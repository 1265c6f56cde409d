import type * as Y from 'yjs';
import {
  compareText,
  readCandidates,
  readFrame,
  readLayer,
  readReference,
  readSettings,
  rootsOf,
} from '../../../shared/document/canvas.ts';
import { type CanvasModel, type Layer, longestPrompt } from '../../../shared/document/schema.ts';
import type { Command, DocumentPort, HistoryState } from '../core/document-port.ts';
import { createStore, type Readable } from '../core/store.ts';
import { runCommand } from './commands.ts';
import { type Edit, performWherePossible, reversed } from './edits.ts';

/** Origin of this person's own transactions. */
const localOrigin = { of: 'gesso-editor' };

/** Steps that undo remembers. */
const deepest = 200;

interface Step {
  readonly label: string;
  readonly edits: readonly Edit[];
}

interface CanvasDocument extends DocumentPort {
  destroy(): void;
}

/**
 * The editor's port on a Y.Doc. The model is kept up to date layer by layer: what did not change stays the same object,
 * so drawing and React skip it.
 */
export function createCanvasDocument(options: {
  readonly doc: Y.Doc;
  readonly canEdit: Readable<boolean>;
}): CanvasDocument {
  const { doc, canEdit } = options;
  const roots = rootsOf(doc);
  const layers = new Map<string, Layer>();
  for (const key of roots.layers.keys()) refresh(key);
  const model = createStore<CanvasModel>({
    layers: sorted(),
    frame: readFrame(roots.frame),
    reference: readReference(roots.reference),
    prompt: roots.prompt.toString().slice(0, longestPrompt),
    negativePrompt: roots.negativePrompt.toString().slice(0, longestPrompt),
    settings: readSettings(roots.settings),
    candidates: readCandidates(roots.candidates),
  });
  const history = createStore<HistoryState>({ undo: null, redo: null });
  let done: readonly Step[] = [];
  let undone: readonly Step[] = [];

  function refresh(key: string): void {
    const map = roots.layers.get(key);
    const layer = map === undefined ? undefined : readLayer(key, map);
    if (layer === undefined) layers.delete(key);
    else layers.set(key, layer);
  }

  function sorted(): readonly Layer[] {
    return [...layers.values()].sort((a, b) => compareText(a.index, b.index) || compareText(a.id, b.id));
  }

  function tellHistory(): void {
    const next = { undo: done.at(-1)?.label ?? null, redo: undone.at(-1)?.label ?? null };
    const before = history.get();
    if (before.undo !== next.undo || before.redo !== next.redo) history.set(next);
  }

  const undos = [
    observe(roots.layers, (events) => {
      for (const event of events) {
        const [id] = event.path;
        if (id === undefined) for (const key of event.keys.keys()) refresh(key);
        else refresh(String(id));
      }
      model.update((before) => ({ ...before, layers: sorted() }));
    }),
    observe(roots.frame, () => model.update((before) => ({ ...before, frame: readFrame(roots.frame) }))),
    observe(roots.reference, () =>
      model.update((before) => ({ ...before, reference: readReference(roots.reference) })),
    ),
    observe(roots.settings, () =>
      model.update((before) => ({ ...before, settings: readSettings(roots.settings) })),
    ),
    observe(roots.candidates, () =>
      model.update((before) => ({ ...before, candidates: readCandidates(roots.candidates) })),
    ),
    observe(roots.prompt, () =>
      model.update((before) => ({ ...before, prompt: roots.prompt.toString().slice(0, longestPrompt) })),
    ),
    observe(roots.negativePrompt, () =>
      model.update((before) => ({
        ...before,
        negativePrompt: roots.negativePrompt.toString().slice(0, longestPrompt),
      })),
    ),
  ];

  /**
   * Takes steps from `from` until one of them changes something, and returns the rest and what was really done. Steps
   * that others have overwritten are passed over: a press of undo must do something that can be seen.
   */
  function take(
    from: readonly Step[],
    editsOf: (step: Step) => readonly Edit[],
  ): { readonly rest: readonly Step[]; readonly taken: Step | undefined } {
    for (let at = from.length - 1; at >= 0; at -= 1) {
      const step = from[at];
      if (step === undefined) break;
      const edits = doc.transact(() => performWherePossible(doc, editsOf(step)), localOrigin);
      if (edits.length > 0) return { rest: from.slice(0, at), taken: { label: step.label, edits } };
    }
    return { rest: [], taken: undefined };
  }

  return {
    model,
    history,
    canEdit,
    apply(label: string, commands: readonly Command[]) {
      if (!canEdit.get()) return;
      const edits = doc.transact(() => commands.flatMap((command) => runCommand(doc, command)), localOrigin);
      if (edits.length === 0) return;
      done = [...done, { label, edits }].slice(-deepest);
      undone = [];
      tellHistory();
    },
    undo() {
      if (!canEdit.get()) return;
      const { rest, taken } = take(done, (step) => reversed(step.edits));
      done = rest;
      if (taken !== undefined) undone = [...undone, { label: taken.label, edits: reversed(taken.edits) }];
      tellHistory();
    },
    redo() {
      if (!canEdit.get()) return;
      const { rest, taken } = take(undone, (step) => step.edits);
      undone = rest;
      if (taken !== undefined) done = [...done, taken];
      tellHistory();
    },
    destroy() {
      for (const undo of undos) undo();
    },
  };
}

/** What an event of any shared type tells about where it happened. */
interface Change {
  readonly path: readonly (string | number)[];
  readonly keys: ReadonlyMap<string, unknown>;
}

function observe(
  type: Y.Map<Y.Map<unknown>> | Y.Map<unknown> | Y.Text,
  listener: (changes: readonly Change[]) => void,
): () => void {
  const forward = (changes: readonly Change[]) => listener(changes);
  type.observeDeep(forward);
  return () => type.unobserveDeep(forward);
}
