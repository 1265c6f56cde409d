'use client';

import { Switch as Radix } from 'radix-ui';
import { useId } from 'react';

/** On or off, with its label. */
export function Switch({
  label,
  help,
  checked,
  onChange,
  disabled = false,
}: {
  readonly label: string;
  readonly help?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean | undefined;
}) {
  const id = useId();
  return (
    <div className="flex items-center justify-between gap-3 coarse:min-h-11">
      <label className="flex flex-col text-13 text-ink" htmlFor={id}>
        {label}
        {help === undefined ? null : <span className="text-12 text-ink-faint">{help}</span>}
      </label>
      <Radix.Root
        checked={checked}
        className="relative h-4.5 w-8 shrink-0 rounded-full bg-edge transition-colors disabled:opacity-55 data-[state=checked]:bg-accent coarse:before:absolute coarse:before:-inset-3"
        disabled={disabled}
        id={id}
        onCheckedChange={onChange}
      >
        <Radix.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-accent-ink transition-transform data-[state=checked]:translate-x-4" />
      </Radix.Root>
    </div>
  );
}
