import { RangeSetBuilder } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';

export interface UnknownPromptWord {
  readonly word: string;
  readonly nearest: string | null;
}

/** Underlines the given words wherever they stand, whatever their case. */
export function markUnknownWords(words: readonly UnknownPromptWord[]) {
  const marks = new Map(words.map((unknown) => [unknown.word.toLowerCase(), markFor(unknown)]));
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = build(view, marks);
      }

      update(update: ViewUpdate): void {
        if (update.docChanged) this.decorations = build(update.view, marks);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

function markFor({ word, nearest }: UnknownPromptWord): Decoration {
  const title =
    nearest === null
      ? `This pack has not learned “${word}”.`
      : `This pack has not learned “${word}”. The nearest it knows is “${nearest}”.`;
  return Decoration.mark({ class: 'cm-unknown-word', attributes: { title } });
}

function build(view: EditorView, marks: ReadonlyMap<string, Decoration>): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const text = view.state.doc.toString();
  for (const match of text.matchAll(/\p{L}[\p{L}\p{M}'’]*/gu)) {
    const mark = marks.get(match[0].toLowerCase());
    if (mark !== undefined) builder.add(match.index, match.index + match[0].length, mark);
  }
  return builder.finish();
}
