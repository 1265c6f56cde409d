import { EditorView } from '@codemirror/view';

/** The prompt in the page's own type and colours, and carets of others with their names above. */
export const promptTheme = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.5' },
  '.cm-content': { padding: '7px 10px', caretColor: 'var(--ink)', minHeight: '3em' },
  '.cm-line': { padding: '0' },
  '.cm-placeholder': { color: 'var(--ink-faint)' },
  '.cm-unknown-word': {
    textDecoration: 'underline dotted var(--notice-text) 1.5px',
    textUnderlineOffset: '3px',
  },
  '.cm-ySelectionCaret': {
    borderLeft: '2px solid',
    borderRight: 'none',
    marginLeft: '-1px',
    marginRight: '-1px',
  },
  '.cm-ySelectionCaretDot': { display: 'none' },
  '.cm-ySelectionInfo': {
    // Below the caret: above the first line it would be cut off.
    top: '1.4em',
    left: '-2px',
    padding: '0 4px',
    borderRadius: '0 4px 4px 4px',
    fontFamily: 'inherit',
    fontSize: '11px',
    fontWeight: '600',
    lineHeight: '1.35',
    color: 'var(--person-ink)',
    opacity: '0',
    animation: 'gesso-leave 500ms ease-out 1800ms backwards',
    transition: 'opacity 140ms ease-out',
  },
  '.cm-ySelectionCaret:hover > .cm-ySelectionInfo': { opacity: '1' },
});
