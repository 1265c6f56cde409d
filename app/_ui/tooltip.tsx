'use client';

import { Tooltip as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { classNames } from './class-names.ts';
import { formatShortcut, isApple } from './shortcut.ts';

/** Put once around the page: tooltips open at once when the pointer goes from one to the next. */
export function TooltipProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Radix.Provider delayDuration={450} skipDelayDuration={250}>
      {children}
    </Radix.Provider>
  );
}

/** A label that floats beside its trigger on hover and focus, with the shortcut when there is one. */
export function Tooltip({
  label,
  shortcut,
  side = 'bottom',
  children,
}: {
  readonly label: ReactNode;
  readonly shortcut?: string | undefined;
  readonly side?: 'top' | 'right' | 'bottom' | 'left' | undefined;
  readonly children: ReactNode;
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className="pointer-events-none z-60 flex max-w-64 animate-fade items-center gap-2 rounded-control bg-ink px-2 py-1 text-12 text-surface shadow-float"
          collisionPadding={8}
          side={side}
          sideOffset={6}
        >
          <span>{label}</span>
          {shortcut === undefined ? null : <ShortcutHint shortcut={shortcut} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A shortcut as this device's keyboard writes it. */
export function ShortcutHint({
  shortcut,
  onAccent = false,
}: {
  readonly shortcut: string;
  /** On the accent it needs all of its contrast. */
  readonly onAccent?: boolean | undefined;
}) {
  const apple = useApple();
  return (
    <kbd
      aria-hidden="true"
      className={classNames(
        'font-sans whitespace-nowrap tracking-wide coarse:hidden',
        !onAccent && 'opacity-75',
      )}
    >
      {formatShortcut(shortcut, apple)}
    </kbd>
  );
}

/** Whether to write ⌘; false on the server and in the first render, so that both agree. */
export function useApple(): boolean {
  const [apple, setApple] = useState(false);
  useEffect(() => setApple(isApple()), []);
  return apple;
}
