'use client';

import { useEffect } from 'react';
import { isApple } from '../../_ui/shortcut.ts';
import { actionForKey, perform } from '../core/action.ts';
import type { KeyInput } from '../core/input.ts';
import { useEditorParts } from './editor-context.ts';

/** Listens to the keyboard for the whole page, except while text is written or a dialog is open. */
export function useShortcuts(): void {
  const { editor, actions } = useEditorParts();
  useEffect(() => {
    const apple = isApple();

    function onKeyDown(event: KeyboardEvent): void {
      const input = keyInput(event, apple);
      editor.tools.modifiersChanged(input);
      if (event.defaultPrevented || event.isComposing || isElsewhere(event, input)) return;
      if (event.code === 'Space' && !isPressable(event.target)) {
        event.preventDefault();
        if (!event.repeat) editor.tools.hold('hand');
        return;
      }
      if (isPressable(event.target) && (event.key === 'Enter' || event.key === ' ')) return;
      const action = actionForKey(actions, editor, input);
      if (action === undefined) {
        // Ctrl+D, Ctrl+[ and the like would leave the page or bookmark it, even when there is nothing to act on.
        if (input.mod && ['d', '[', ']', 'i'].includes(event.key)) event.preventDefault();
        return;
      }
      event.preventDefault();
      perform(action, editor);
    }

    function onKeyUp(event: KeyboardEvent): void {
      editor.tools.modifiersChanged(keyInput(event, apple));
      if (event.code === 'Space') editor.tools.release();
    }

    function onBlur(): void {
      editor.tools.release();
    }

    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('keyup', onKeyUp);
    window.addEventListener('blur', onBlur);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('keyup', onKeyUp);
      window.removeEventListener('blur', onBlur);
    };
  }, [editor, actions]);
}

function keyInput(event: KeyboardEvent, apple: boolean): KeyInput {
  // AltGr reports itself as Ctrl and Alt; on many layouts it is how a bracket is typed.
  const typesSign = event.getModifierState('AltGraph');
  return {
    key: event.key,
    code: event.code,
    repeat: event.repeat,
    shift: event.shiftKey,
    alt: event.altKey && !typesSign,
    mod: (apple ? event.metaKey : event.ctrlKey) && !typesSign,
  };
}

/** Whether the key belongs to what has the focus: a text, a menu, a dialog, a slider. ⌘K and the like still work in text. */
function isElsewhere(event: KeyboardEvent, input: KeyInput): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]') !== null)
    return true;
  const isText = target.isContentEditable || target.matches('textarea, select, input:not([type="checkbox"])');
  if (isText) return !(input.mod && ['k', 'Enter', '\\'].includes(input.key));
  const moves = /^(Arrow|Home|End|Page)/.test(event.key);
  return (
    moves && target.closest('[role="slider"], [role="tree"], [role="tablist"], [role="radiogroup"]') !== null
  );
}

/** Whether Space and Enter belong to a control: one reached by keyboard. After a click on a tool, Space drags the canvas. */
function isPressable(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || !target.matches(':focus-visible')) return false;
  return target.closest('button, a, [role="button"], [role="treeitem"]') !== null;
}
