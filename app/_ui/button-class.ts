import { classNames } from './class-names.ts';

export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'quiet-accent' | 'quiet-danger' | 'danger';

const kinds: Readonly<Record<ButtonKind, string>> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover',
  secondary: 'bg-surface text-ink shadow-[inset_0_0_0_1px_var(--edge)] hover:bg-hover active:bg-pressed',
  quiet: 'text-ink hover:bg-hover active:bg-pressed',
  'quiet-accent': 'text-accent-text hover:bg-hover active:bg-pressed',
  'quiet-danger': 'text-danger-text hover:bg-danger-wash',
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

export type ButtonSize = keyof typeof sizes;
