'use client';

import { RadioGroup as Radix } from 'radix-ui';
import { useId } from 'react';
import { classNames } from './class-names.ts';

/** One of a few short choices, all of them in sight. Arrow keys move between them. */
export function Segmented<Value extends string>({
  label,
  hideLabel = false,
  value,
  options,
  onChange,
  disabled = false,
  className,
}: {
  readonly label: string;
  readonly hideLabel?: boolean | undefined;
  /** null when none of the options is the one in force. */
  readonly value: Value | null;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly hint?: string }[];
  readonly onChange: (value: Value) => void;
  readonly disabled?: boolean | undefined;
  readonly className?: string | undefined;
}) {
  const id = useId();
  function choose(next: string) {
    const option = options.find((candidate) => candidate.value === next);
    if (option !== undefined) onChange(option.value);
  }
  return (
    <div className={classNames('flex items-center justify-between gap-3', className)}>
      <span className={hideLabel ? 'sr-only' : 'text-13 text-ink'} id={id}>
        {label}
      </span>
      <Radix.Root
        aria-labelledby={id}
        className={classNames('flex rounded-control bg-pressed p-0.5', hideLabel && 'w-full')}
        disabled={disabled}
        onValueChange={choose}
        orientation="horizontal"
        value={value ?? ''}
      >
        {options.map((option) => (
          <Radix.Item
            className="h-6 min-w-7 flex-1 rounded-[5px] px-2 text-13 text-ink-soft transition-colors hover:text-ink disabled:opacity-55 data-[state=checked]:bg-raised data-[state=checked]:font-medium data-[state=checked]:text-ink data-[state=checked]:shadow-[0_0_0_1px_var(--edge)] coarse:h-11 coarse:min-w-11"
            key={option.value}
            title={option.hint}
            value={option.value}
          >
            {option.label}
          </Radix.Item>
        ))}
      </Radix.Root>
    </div>
  );
}
