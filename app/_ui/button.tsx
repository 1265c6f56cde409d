'use client';

import type { ComponentProps, ReactNode } from 'react';
import { type ButtonKind, type ButtonSize, buttonClass } from './button-class.ts';
import { Icon, type IconName } from './icon.tsx';
import { Spinner } from './progress.tsx';

/**
 * A button. `busy` shows that its work is under way and ignores presses; the label stays, so the width does not jump.
 * A button that cannot act says why through `reason`: it stays focusable and the reason is its description.
 */
export function Button({
  kind,
  size,
  icon,
  busy = false,
  reason,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: Omit<ComponentProps<'button'>, 'disabled'> & {
  readonly kind?: ButtonKind | undefined;
  readonly size?: ButtonSize | undefined;
  readonly icon?: IconName | undefined;
  readonly busy?: boolean | undefined;
  readonly reason?: string | null | undefined;
  readonly children?: ReactNode;
}) {
  const still = busy || (reason !== undefined && reason !== null);
  return (
    <button
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={still || undefined}
      className={buttonClass({ kind, size, className })}
      onClick={still ? (event) => event.preventDefault() : onClick}
      title={reason ?? rest.title}
      type={type}
    >
      {busy ? <Spinner /> : icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}
