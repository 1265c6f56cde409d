'use client';

import { useId, useState } from 'react';
import { controlClass } from '../../_ui/field.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Tooltip } from '../../_ui/tooltip.tsx';

const largestSeed = 0xffff_ffff;

/** The number a picture starts from: left open it is new every time, locked it repeats. */
export function SeedField({
  seed,
  readOnly,
  onChange,
}: {
  readonly seed: number | null;
  readonly readOnly: boolean;
  readonly onChange: (seed: number | null) => void;
}) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const locked = seed !== null;

  function take() {
    const number = typed === null || typed.trim() === '' ? Number.NaN : Number(typed);
    setTyped(null);
    if (Number.isInteger(number) && number >= 0 && number <= largestSeed) onChange(number);
  }

  return (
    <div className="flex items-center justify-between gap-3">
      <Tooltip
        label="The number the noise starts from. The same seed and settings give the same picture."
        side="left"
      >
        <label className="text-13" htmlFor={id}>
          Seed
        </label>
      </Tooltip>
      <div className="flex items-center gap-1">
        <input
          className={`${controlClass} h-7 w-28 text-right font-mono text-12 placeholder:font-sans coarse:h-11`}
          disabled={readOnly}
          id={id}
          inputMode="numeric"
          onBlur={take}
          onChange={(event) => setTyped(event.target.value.replace(/\D/g, '').slice(0, 10))}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur();
          }}
          placeholder="New each time"
          value={typed ?? (seed === null ? '' : String(seed))}
        />
        <IconButton
          disabled={readOnly}
          icon="dice"
          label="Draw a new seed"
          onClick={() => onChange(drawSeed())}
          size="small"
        />
        <IconButton
          disabled={readOnly}
          icon={locked ? 'lock' : 'unlock'}
          label={locked ? 'Unlock the seed: new each time' : 'Lock a seed'}
          onClick={() => onChange(locked ? null : drawSeed())}
          pressed={locked}
          size="small"
        />
      </div>
    </div>
  );
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
