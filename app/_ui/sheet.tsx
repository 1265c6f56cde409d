'use client';

import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { focusPanel } from './focus-panel.ts';
import { IconButton } from './icon-button.tsx';
import { useFocusReturn } from './use-focus-return.ts';

/** A panel over the page: from the right edge on wide screens, from the bottom on a phone. */
export function Sheet({
  open,
  onOpenChange,
  title,
  modal = true,
  children,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  /** Without it the page behind stays in use. */
  readonly modal?: boolean | undefined;
  readonly children: ReactNode;
}) {
  const returnFocus = useFocusReturn();
  return (
    <Radix.Root modal={modal} onOpenChange={onOpenChange} open={open}>
      <Radix.Portal>
        {modal ? <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" /> : null}
        <Radix.Content
          onCloseAutoFocus={returnFocus}
          onOpenAutoFocus={focusPanel}
          aria-describedby={undefined}
          className={classNames(
            'fixed z-50 flex flex-col bg-surface shadow-float focus:outline-none',
            'inset-x-0 bottom-0 max-h-[72dvh] animate-rise rounded-t-[10px] pb-[env(safe-area-inset-bottom)]',
            'sm:inset-x-auto sm:top-0 sm:right-0 sm:h-dvh sm:max-h-none sm:w-90 sm:animate-fade sm:rounded-none sm:pb-0',
          )}
          onInteractOutside={modal ? undefined : (event) => event.preventDefault()}
        >
          <div className="flex h-12 shrink-0 items-center justify-between hairline-b pr-2 pl-4">
            <Radix.Title className="text-14 font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton icon="close" label="Close" />
            </Radix.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
