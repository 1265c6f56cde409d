'use client';

import type { ComponentProps, ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import { Spinner } from './progress.tsx';

export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';

const kinds: Readonly<Record<ButtonKind, string>> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover',
  secondary: 'bg-surface text-ink shadow-[inset_0_0_0_1px_var(--edge)] hover:bg-hover active:bg-pressed',
  quiet: 'text-ink hover:bg-hover active:bg-pressed',
  danger: 'bg-danger text-danger-ink hover:bg-danger-hover',
};

const sizes = {
  small: 'h-7 px-2.5 text-13',
  medium: 'h-8 px-3 text-13',
  large: 'h-10 px-4 text-14',
} as const;

/** The look of a button, for links that act as one. */
export function buttonClass(options: {
  readonly kind?: ButtonKind | undefined;
  readonly size?: keyof typeof sizes | undefined;
  readonly className?: string | undefined;
}): string {
  return classNames(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-control font-medium whitespace-nowrap transition-colors coarse:min-h-11',
    'disabled:opacity-55 aria-disabled:opacity-55',
    kinds[options.kind ?? 'secondary'],
    sizes[options.size ?? 'medium'],
    options.className,
  );
}

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
  readonly size?: keyof typeof sizes | undefined;
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
