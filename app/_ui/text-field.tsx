'use client';

import type { ComponentProps, ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { controlClass, Field } from './field.tsx';

interface Labelled {
  readonly label: string;
  readonly hideLabel?: boolean | undefined;
  readonly help?: ReactNode;
  readonly error?: string | null | undefined;
  readonly fieldClassName?: string | undefined;
}

/** One line of text with its label. */
export function TextField({
  label,
  hideLabel,
  help,
  error,
  fieldClassName,
  className,
  ...rest
}: Omit<ComponentProps<'input'>, 'id'> & Labelled) {
  return (
    <Field className={fieldClassName} error={error} help={help} hideLabel={hideLabel} label={label}>
      {({ id, describedBy, invalid }) => (
        <input
          {...rest}
          aria-describedby={describedBy}
          aria-invalid={invalid}
          className={classNames(controlClass, 'h-8 coarse:h-11', className)}
          id={id}
        />
      )}
    </Field>
  );
}
