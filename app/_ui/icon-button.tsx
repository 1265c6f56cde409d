'use client';

import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import { ariaShortcut } from './shortcut.ts';
import { Tooltip, useApple } from './tooltip.tsx';

/** A button that is only an icon; its name is read out and shown as a tooltip with the shortcut. */
export function IconButton({
  icon,
  label,
  shortcut,
  side,
  size = 'medium',
  iconSize = 16,
  pressed,
  danger = false,
  hint,
  className,
  type = 'button',
  ...rest
}: Omit<ComponentProps<'button'>, 'children' | 'aria-label' | 'title'> & {
  readonly icon: IconName;
  readonly label: string;
  readonly shortcut?: string | undefined;
  readonly side?: 'top' | 'right' | 'bottom' | 'left' | undefined;
  readonly size?: 'small' | 'medium' | 'large' | undefined;
  readonly iconSize?: 16 | 20 | undefined;
  /** For a button that stays down; leave it out for one that only acts. */
  readonly pressed?: boolean | undefined;
  readonly danger?: boolean | undefined;
  /** Says more than the label in the tooltip. */
  readonly hint?: string | undefined;
}) {
  const apple = useApple();
  return (
    <Tooltip label={hint ?? label} shortcut={shortcut} side={side}>
      <button
        {...rest}
        aria-keyshortcuts={shortcut === undefined ? undefined : ariaShortcut(shortcut, apple)}
        aria-label={label}
        aria-pressed={pressed}
        className={classNames(
          'inline-flex shrink-0 items-center justify-center rounded-control transition-colors disabled:opacity-45 coarse:min-h-11 coarse:min-w-11',
          size === 'small' ? 'size-7' : size === 'medium' ? 'size-8' : 'size-10',
          pressed === true
            ? 'bg-accent-wash text-accent-text'
            : 'text-ink-soft hover:bg-hover hover:text-ink active:bg-pressed data-[state=open]:bg-pressed data-[state=open]:text-ink',
          danger && 'hover:text-danger-text',
          className,
        )}
        type={type}
      >
        <Icon name={icon} size={iconSize} />
      </button>
    </Tooltip>
  );
}
