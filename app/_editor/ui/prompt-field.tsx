'use client';

import { defaultKeymap, insertNewline } from '@codemirror/commands';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder as placeholderText } from '@codemirror/view';
import { useEffect, useId, useRef } from 'react';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { longestPrompt } from '../../../shared/document/schema.ts';
import { classNames } from '../../_ui/class-names.ts';
import { promptTheme } from './prompt-theme.ts';
import { markUnknownWords, type UnknownPromptWord } from './unknown-words.ts';

interface PromptFieldProps {
  /** `doc.getText('prompt')` or any other shared text. */
  readonly text: Y.Text;
  readonly awareness: Awareness;
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly placeholder?: string;
  readonly canEdit: boolean;
  /** Words that the pack has not learned, gently marked; the tip says what it would take them for. */
  readonly unknownWords?: readonly UnknownPromptWord[];
  /** ⌘↵ */
  readonly onSubmit?: () => void;
  /** Arrow up at the very start and arrow down at the very end: older and newer prompts. Returns the one to put in. */
  readonly onHistory?: (direction: 'older' | 'newer') => string | null;
  /** Lines that are shown before the field scrolls. */
  readonly lines?: number;
  readonly className?: string;
}

/** Text that several people write at once, with everybody's caret. Undo takes back one's own words only. */
export function PromptField(props: PromptFieldProps) {
  const { text, awareness, label, hideLabel = false, placeholder, canEdit, unknownWords, lines = 4 } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const labelId = useId();
  const parts = useRef({ editable: new Compartment(), words: new Compartment(), hint: new Compartment() });

  useEffect(() => {
    const parent = host.current;
    if (parent === null) return undefined;
    const { editable, words, hint } = parts.current;
    const undoManager = new Y.UndoManager(text);
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          Prec.highest(keymap.of([...submitKeys(latest), ...historyKeys(latest)])),
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          EditorView.lineWrapping,
          EditorState.changeFilter.of(
            (change) => change.newDoc.length <= longestPrompt || !change.docChanged,
          ),
          hint.of(placeholderText(latest.current.placeholder ?? '')),
          EditorView.contentAttributes.of({
            'aria-labelledby': labelId,
            'aria-multiline': 'true',
            spellcheck: 'true',
            autocapitalize: 'off',
          }),
          promptTheme,
          editable.of(editability(latest.current.canEdit)),
          words.of(markUnknownWords(latest.current.unknownWords ?? [])),
          yCollab(text, awareness, { undoManager }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
      undoManager.destroy();
    };
  }, [text, awareness, labelId]);

  useEffect(() => {
    const hint = parts.current.hint.reconfigure(placeholderText(placeholder ?? ''));
    view.current?.dispatch({ effects: hint });
  }, [placeholder]);

  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.editable.reconfigure(editability(canEdit)) });
  }, [canEdit]);
  useEffect(() => {
    const marks = markUnknownWords(unknownWords ?? []);
    view.current?.dispatch({ effects: parts.current.words.reconfigure(marks) });
  }, [unknownWords]);

  return (
    <div className={classNames('flex flex-col gap-1.5', props.className)}>
      <span className={hideLabel ? 'sr-only' : 'text-13 font-medium text-ink'} id={labelId}>
        {label}
      </span>
      <div
        className={classNames(
          'prompt-field overflow-y-auto rounded-control border border-edge bg-raised text-14 focus-within:outline-2 focus-within:outline-focus coarse:text-16',
          !canEdit && 'bg-surface',
        )}
        ref={host}
        style={{ maxHeight: `calc(${lines} * 1.5em + 16px)` }}
      />
    </div>
  );
}

function editability(canEdit: boolean) {
  return [EditorState.readOnly.of(!canEdit), EditorView.editable.of(canEdit)];
}

type Latest = { readonly current: PromptFieldProps };

function submitKeys(latest: Latest) {
  const submit = () => {
    latest.current.onSubmit?.();
    return latest.current.onSubmit !== undefined;
  };
  return [
    { key: 'Mod-Enter', run: submit },
    { key: 'Shift-Enter', run: insertNewline },
  ];
}

function historyKeys(latest: Latest) {
  function run(direction: 'older' | 'newer') {
    return (view: EditorView): boolean => {
      const { main } = view.state.selection;
      const edge = direction === 'older' ? 0 : view.state.doc.length;
      if (!main.empty || main.head !== edge) return false;
      const found = latest.current.onHistory?.(direction) ?? null;
      if (found === null) return false;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: found },
        selection: { anchor: direction === 'older' ? 0 : found.length },
      });
      return true;
    };
  }
  return [
    { key: 'ArrowUp', run: run('older') },
    { key: 'ArrowDown', run: run('newer') },
  ];
}
