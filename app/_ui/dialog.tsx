'use client';

import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { focusPanel } from './focus-panel.ts';
import { IconButton } from './icon-button.tsx';
import { useFocusReturn } from './use-focus-return.ts';

/** A question or a small task over the page. On a phone it rises from the bottom edge. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  wide = false,
  children,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly description?: ReactNode;
  readonly wide?: boolean | undefined;
  readonly children: ReactNode;
}) {
  const returnFocus = useFocusReturn();
  return (
    <Radix.Root onOpenChange={onOpenChange} open={open}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" />
        <Radix.Content
          onCloseAutoFocus={returnFocus}
          onOpenAutoFocus={focusPanel}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={classNames(
            'fixed z-50 flex flex-col overflow-y-auto bg-raised shadow-float focus:outline-none',
            'inset-x-0 bottom-0 max-h-[88dvh] animate-rise rounded-t-[10px] pb-[env(safe-area-inset-bottom)]',
            'sm:inset-x-auto sm:top-1/2 sm:bottom-auto sm:left-1/2 sm:max-h-[84dvh] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:animate-fade sm:rounded-[10px] sm:pb-0',
            wide ? 'sm:w-[min(760px,calc(100vw-48px))]' : 'sm:w-[420px]',
          )}
        >
          <div className="sticky top-0 z-10 flex items-start justify-between gap-4 bg-raised px-5 pt-4 pb-2">
            <div className="min-w-0 pt-1">
              <Radix.Title className="text-16 leading-6 font-semibold break-words">{title}</Radix.Title>
              {description === undefined ? null : (
                <Radix.Description asChild>
                  <div className="mt-1 text-13 text-ink-soft">{description}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton className="-mr-2" icon="close" label="Close" />
            </Radix.Close>
          </div>
          <div className="px-5 pt-2 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The row of buttons that ends a dialog: the one thing to press at the end. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}
