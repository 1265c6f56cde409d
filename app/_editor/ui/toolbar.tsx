'use client';

import { classNames } from '../../_ui/class-names.ts';
import { IconButton } from '../../_ui/icon-button.tsx';
import { type Action, isEnabled, perform } from '../core/action.ts';
import { toolActions } from '../core/actions/tools.ts';
import { useActions, useCanvasModel, useEditor, useReadable } from './editor-context.ts';

/** The tools, then undo and redo. Vertical beside the canvas, horizontal at the bottom of a phone. */
export function Toolbar({
  orientation = 'vertical',
  className,
}: {
  readonly orientation?: 'vertical' | 'horizontal';
  readonly className?: string;
}) {
  const editor = useEditor();
  const active = useReadable(editor.tools.active);
  const canEdit = useReadable(editor.document.canEdit);
  const isVertical = orientation === 'vertical';
  const side = isVertical ? 'right' : 'top';
  // A phone has no room to spare, and two fingers zoom.
  const shown = toolActions.filter((action) => isVertical || action.tool !== 'zoom');
  return (
    <div
      aria-label="Tools"
      aria-orientation={orientation}
      className={classNames(
        'flex gap-0.5 rounded-[10px] bg-raised p-1 shadow-float outline outline-line',
        isVertical ? 'flex-col' : 'flex-row overflow-x-auto',
        className,
      )}
      role="toolbar"
    >
      {shown.map((action) => (
        <IconButton
          disabled={!canEdit && !['select', 'hand', 'zoom'].includes(action.tool)}
          icon={action.icon}
          iconSize={20}
          key={action.id}
          label={action.label}
          onClick={() => perform(action, editor)}
          pressed={active === action.tool}
          shortcut={action.shortcuts?.[0]}
          side={side}
        />
      ))}
      <span
        className={classNames('shrink-0 bg-line', isVertical ? 'mx-1.5 my-1 h-px' : 'mx-1 my-1.5 w-px')}
      />
      <ActionButton id="edit.undo" side={side} />
      <ActionButton id="edit.redo" side={side} />
    </div>
  );
}

/** One action as an icon: greyed out while it cannot be done. */
export function ActionButton({
  id,
  side = 'bottom',
}: {
  readonly id: string;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
}) {
  const editor = useEditor();
  const action = useAction(id);
  useReadable(editor.document.history);
  useReadable(editor.selection);
  useCanvasModel();
  if (action?.icon === undefined) return null;
  return (
    <IconButton
      disabled={!isEnabled(action, editor)}
      icon={action.icon}
      iconSize={20}
      label={action.label}
      onClick={() => perform(action, editor)}
      shortcut={action.shortcuts?.[0]}
      side={side}
    />
  );
}

function useAction(id: string): Action | undefined {
  return useActions().find((action) => action.id === id);
}
