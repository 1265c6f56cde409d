'use client';

import { useRef, useState } from 'react';
import { classNames } from './class-names.ts';

/** A name that becomes a field where it stands: press it, type, Enter keeps, Escape gives up. */
export function InlineName({
  name,
  label,
  maxLength = 120,
  onRename,
  className,
}: {
  readonly name: string;
  /** What is being named: "Canvas name". */
  readonly label: string;
  readonly maxLength?: number | undefined;
  readonly onRename: (name: string) => void;
  readonly className?: string | undefined;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const givenUp = useRef(false);
  if (draft === null) {
    return (
      <button
        aria-label={`${label}: ${name}. Rename`}
        className={classNames(
          'h-7 max-w-full min-w-0 truncate rounded-small px-1.5 text-left hover:bg-hover coarse:min-h-11',
          className,
        )}
        onClick={() => {
          givenUp.current = false;
          setDraft(name);
        }}
        title={name}
        type="button"
      >
        {name}
      </button>
    );
  }
  return (
    <input
      aria-label={label}
      autoFocus
      className={classNames(
        'field-sizing-content h-7 max-w-72 min-w-24 rounded-small border border-edge bg-raised px-1.5 coarse:h-11 coarse:text-16',
        className,
      )}
      maxLength={maxLength}
      onBlur={() => {
        const next = draft.trim();
        setDraft(null);
        if (!givenUp.current && next !== '' && next !== name) onRename(next);
      }}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={(event) => event.target.select()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') givenUp.current = true;
        if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
      }}
      value={draft}
    />
  );
}
