import type { IconName } from '../../_ui/icons.ts';
import type { Editor } from './editor.ts';
import type { KeyInput } from './input.ts';
import { matchesShortcut } from './shortcuts.ts';

export const actionGroups = [
  'Tools',
  'Edit',
  'Layers',
  'Masks',
  'Control',
  'Frame',
  'View',
  'Generate',
  'Canvas',
] as const;
type ActionGroup = (typeof actionGroups)[number];

/**
 * One thing a person can do: the toolbar, menus, shortcuts, the palette and the cheat sheet are all made of these, so
 * none of them can know something that the others do not.
 */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: ActionGroup;
  readonly icon?: IconName;
  /** The first one is shown; all of them work. */
  readonly shortcuts?: readonly string[];
  /** Words a person might search for that the label does not have. */
  readonly keywords?: string;
  /** `document`: writes to the shared document as one step of this person's undo. `none`: changes this tab only. */
  readonly undo: 'document' | 'none';
  /** False for one of many of a kind, such as a nudge by arrow key, that would only crowd lists. */
  readonly isListed?: boolean;
  /** Whether a held key repeats it. */
  readonly repeats?: boolean;
  isEnabled?(editor: Editor): boolean;
  perform(editor: Editor): void;
}

export function isEnabled(action: Action, editor: Editor): boolean {
  if (action.undo === 'document' && !editor.document.canEdit.get()) return false;
  return action.isEnabled?.(editor) ?? true;
}

/** Does it if it can be done now; returns whether it was done. A change that says nothing of itself is read out by name. */
export function perform(action: Action, editor: Editor): boolean {
  if (!isEnabled(action, editor)) return false;
  const said = editor.announcement.get();
  action.perform(editor);
  if (action.undo === 'document' && editor.announcement.get() === said) {
    const words = `${action.label}.`;
    // The same words twice would not be read a second time.
    editor.announcement.set(said === words ? `${words}\u00a0` : words);
  }
  return true;
}

/** The action a key press means: the first enabled one with a shortcut that matches. */
export function actionForKey(
  actions: readonly Action[],
  editor: Editor,
  input: KeyInput,
): Action | undefined {
  return actions.find(
    (action) =>
      (!input.repeat || action.repeats === true) &&
      (action.shortcuts ?? []).some((shortcut) => matchesShortcut(shortcut, input)) &&
      isEnabled(action, editor),
  );
}
