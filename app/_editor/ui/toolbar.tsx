'use client';

import { Popover } from 'radix-ui';
import { classNames } from '../../_ui/class-names.ts';
import { IconButton } from '../../_ui/icon-button.tsx';
import { type Action, isEnabled, perform } from '../core/action.ts';
import { toolActions } from '../core/actions/tools.ts';
import { BrushSettingsFields } from './brush-settings.tsx';
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
  const isPainting = (active === 'brush' || active === 'eraser') && canEdit;
  return (
    <Popover.Root open={isPainting}>
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
        {toolActions.map((action) => {
          const button = (
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
          );
          // The brush's settings hang on the brush or the eraser, whichever is in hand.
          return action.tool === active && isPainting ? (
            <Popover.Anchor asChild key={action.id}>
              <span className="inline-flex">{button}</span>
            </Popover.Anchor>
          ) : (
            button
          );
        })}
        <span
          className={classNames('shrink-0 bg-line', isVertical ? 'mx-1.5 my-1 h-px' : 'mx-1 my-1.5 w-px')}
        />
        <ActionButton id="edit.undo" side={side} />
        <ActionButton id="edit.redo" side={side} />
      </div>
      <Popover.Portal>
        <Popover.Content
          align={isVertical ? 'start' : 'center'}
          aria-label={active === 'eraser' ? 'Eraser settings' : 'Brush settings'}
          className="z-30 w-56 animate-fade rounded-[10px] bg-raised p-3 shadow-float outline outline-line"
          collisionPadding={12}
          onCloseAutoFocus={(event) => event.preventDefault()}
          onOpenAutoFocus={(event) => event.preventDefault()}
          side={side}
          sideOffset={12}
        >
          <BrushSettingsFields />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
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

export function useAction(id: string): Action | undefined {
  return useActions().find((action) => action.id === id);
}
