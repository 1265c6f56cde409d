'use client';

import { type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';

/** The ids that tie a control to its label, help and error. */
interface FieldIds {
  readonly id: string;
  readonly describedBy: string | undefined;
  readonly invalid: true | undefined;
}

/** The shared look of text controls. The edge passes 3:1 on every surface; on touch the text is 16 px, so that iOS does not zoom in. */
export const controlClass =
  'w-full rounded-control border border-edge bg-raised px-2.5 text-13 text-ink coarse:text-16 aria-invalid:border-danger disabled:opacity-55';

/** A label, the control that `children` draws, and one line of help or what is wrong. */
export function Field({
  label,
  help,
  error,
  hideLabel = false,
  className,
  children,
}: {
  readonly label: string;
  readonly help?: ReactNode;
  readonly error?: string | null | undefined;
  readonly hideLabel?: boolean | undefined;
  readonly className?: string | undefined;
  readonly children: (ids: FieldIds) => ReactNode;
}) {
  const id = useId();
  const wrong = error !== undefined && error !== null && error !== '';
  const describedBy = wrong ? `${id}-error` : help === undefined ? undefined : `${id}-help`;
  return (
    <div className={classNames('flex flex-col gap-1.5', className)}>
      <label className={hideLabel ? 'sr-only' : 'text-13 font-medium text-ink'} htmlFor={id}>
        {label}
      </label>
      {children({ id, describedBy, invalid: wrong ? true : undefined })}
      {wrong ? (
        <p className="text-12 text-danger-text" id={`${id}-error`} role="alert">
          {error}
        </p>
      ) : help === undefined ? null : (
        <p className="text-12 text-ink-faint" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
