'use client';

import { useState } from 'react';
import { Button } from './button.tsx';
import { controlClass, Field } from './field.tsx';

/** Text to take along, such as a link: select it, or press Copy. */
export function CopyField({
  label,
  value,
  help,
}: {
  readonly label: string;
  readonly value: string;
  readonly help?: string | undefined;
}) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');

  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      setState('copied');
    } catch {
      setState('refused');
    }
    window.setTimeout(() => setState('idle'), 2_500);
  }

  return (
    <Field
      error={state === 'refused' ? 'The browser did not let us copy. Select the text and copy it.' : null}
      help={help}
      label={label}
    >
      {({ id, describedBy }) => (
        <div className="flex gap-2">
          <input
            aria-describedby={describedBy}
            className={`${controlClass} h-8 min-w-0 flex-1 text-ellipsis coarse:h-11`}
            id={id}
            onFocus={(event) => event.target.select()}
            readOnly
            value={value}
          />
          <Button icon={state === 'copied' ? 'check' : 'copy'} onClick={() => void copy()}>
            {state === 'copied' ? 'Copied' : 'Copy'}
          </Button>
          <span aria-live="polite" className="sr-only">
            {state === 'copied' ? 'Copied' : ''}
          </span>
        </div>
      )}
    </Field>
  );
}
