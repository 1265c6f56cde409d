'use client';

import { Popover as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { focusPanel } from './focus-panel.ts';
import { Sheet } from './sheet.tsx';
import { narrowQuery, useMedia } from './use-media.ts';

/** A small panel that opens from a button; on a narrow screen it is a sheet. */
export function PopoverPanel({
  open,
  onOpenChange,
  title,
  trigger,
  children,
  className,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  /** A button. */
  readonly trigger: ReactNode;
  readonly children: ReactNode;
  readonly className?: string | undefined;
}) {
  const narrow = useMedia(narrowQuery);
  if (narrow) {
    return (
      <>
        <span className="contents" onClickCapture={() => onOpenChange(!open)}>
          {trigger}
        </span>
        <Sheet onOpenChange={onOpenChange} open={open} title={title}>
          {children}
        </Sheet>
      </>
    );
  }
  return (
    <Radix.Root onOpenChange={onOpenChange} open={open}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          onOpenAutoFocus={focusPanel}
          align="end"
          aria-label={title}
          className={classNames(
            'z-30 flex max-h-[min(640px,var(--radix-popover-content-available-height))] w-80 animate-fade flex-col overflow-hidden rounded-[10px] bg-raised shadow-float outline outline-line focus:outline-line',
            className,
          )}
          collisionPadding={8}
          sideOffset={6}
        >
          <h2 className="shrink-0 px-4 pt-3 pb-1 text-13 font-semibold">{title}</h2>
          <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
