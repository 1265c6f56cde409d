'use client';

import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export interface Tab<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly content: ReactNode;
}

/** Panels behind one row of names. Hidden panels stay mounted, so that what was typed or scrolled is kept. */
export function Tabs<Value extends string>({
  label,
  value,
  tabs,
  onChange,
  end,
  className,
}: {
  readonly label: string;
  readonly value: Value;
  readonly tabs: readonly Tab<Value>[];
  readonly onChange: (value: Value) => void;
  /** Stands at the end of the row. */
  readonly end?: ReactNode;
  readonly className?: string | undefined;
}) {
  function choose(next: string) {
    const tab = tabs.find((candidate) => candidate.value === next);
    if (tab !== undefined) onChange(tab.value);
  }
  return (
    <Radix.Root
      className={classNames('flex min-h-0 flex-col', className)}
      onValueChange={choose}
      value={value}
    >
      <div className="flex h-10 shrink-0 items-center gap-1 hairline-b px-2 coarse:h-12">
        <Radix.List aria-label={label} className="flex h-full min-w-0 flex-1">
          {tabs.map((tab) => (
            <Radix.Trigger
              className="relative h-full rounded-small px-2 text-13 text-ink-soft transition-colors after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:bg-transparent hover:text-ink focus-visible:outline-offset-[-4px] data-[state=active]:font-medium data-[state=active]:text-ink data-[state=active]:after:bg-ink"
              key={tab.value}
              value={tab.value}
            >
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {end}
      </div>
      {tabs.map((tab) => (
        <Radix.Content
          className="min-h-0 flex-1 flex-col overflow-y-auto data-[state=active]:flex data-[state=inactive]:hidden"
          forceMount
          key={tab.value}
          tabIndex={-1}
          value={tab.value}
        >
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
