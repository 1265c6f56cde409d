'use client';

import { Select as Radix } from 'radix-ui';
import { classNames } from './class-names.ts';
import { controlClass, Field } from './field.tsx';
import { Icon } from './icon.tsx';
import { menuContentClass, menuItemClass } from './menu.tsx';

interface SelectOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string | undefined;
}

/** One choice out of a few, with its label. */
export function Select<Value extends string>({
  label,
  hideLabel,
  help,
  error,
  value,
  options,
  onChange,
  disabled,
  className,
}: {
  readonly label: string;
  readonly hideLabel?: boolean | undefined;
  readonly help?: string | undefined;
  readonly error?: string | null | undefined;
  readonly value: Value;
  readonly options: readonly SelectOption<Value>[];
  readonly onChange: (value: Value) => void;
  readonly disabled?: boolean | undefined;
  readonly className?: string | undefined;
}) {
  function choose(next: string) {
    const option = options.find((candidate) => candidate.value === next);
    if (option !== undefined) onChange(option.value);
  }
  return (
    <Field className={className} error={error} help={help} hideLabel={hideLabel} label={label}>
      {({ id, describedBy, invalid }) => (
        <Radix.Root disabled={disabled ?? false} onValueChange={choose} value={value}>
          <Radix.Trigger
            aria-describedby={describedBy}
            aria-invalid={invalid}
            className={classNames(
              controlClass,
              'flex h-8 items-center justify-between gap-2 text-left hover:bg-hover coarse:h-11',
            )}
            id={id}
          >
            <span className="truncate">
              <Radix.Value />
            </span>
            <Icon className="text-ink-soft" name="chevron-down" />
          </Radix.Trigger>
          <Radix.Portal>
            <Radix.Content
              className={classNames(menuContentClass, 'max-h-80 min-w-(--radix-select-trigger-width)')}
              collisionPadding={8}
              position="popper"
              sideOffset={4}
            >
              <Radix.Viewport>
                {options.map((option) => (
                  <Radix.Item className={menuItemClass} key={option.value} value={option.value}>
                    <span className="flex w-4 shrink-0">
                      <Radix.ItemIndicator>
                        <Icon name="check" />
                      </Radix.ItemIndicator>
                    </span>
                    <span className="flex flex-col">
                      <Radix.ItemText>{option.label}</Radix.ItemText>
                      {option.hint === undefined ? null : (
                        <span className="text-12 text-ink-faint">{option.hint}</span>
                      )}
                    </span>
                  </Radix.Item>
                ))}
              </Radix.Viewport>
            </Radix.Content>
          </Radix.Portal>
        </Radix.Root>
      )}
    </Field>
  );
}
