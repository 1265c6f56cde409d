import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

/** What stands where nothing is yet: one sentence, and one real thing to do. */
export function EmptyState({
  title,
  children,
  action,
  heading: Heading = 'p',
  className,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  /** `h1` where it is all that the page says. */
  readonly heading?: 'p' | 'h1' | undefined;
  readonly className?: string | undefined;
}) {
  return (
    <div className={classNames('flex flex-col items-start gap-1', className)}>
      <Heading className="text-14 font-medium text-ink">{title}</Heading>
      {children === undefined ? null : <div className="max-w-prose text-13 text-ink-soft">{children}</div>}
      {action === undefined ? null : <div className="mt-3">{action}</div>}
    </div>
  );
}
