'use client';

import { Slider as Radix } from 'radix-ui';
import { useId, useState } from 'react';
import { Tooltip } from './tooltip.tsx';

/**
 * A number on a track, with the number itself beside the label to read or type. `onChange` runs while dragging,
 * `onCommit` once when the value is decided.
 */
export function Slider({
  label,
  hint,
  value,
  min,
  max,
  step,
  unit,
  scale = 1,
  onChange,
  onCommit,
  disabled = false,
}: {
  readonly label: string;
  /** The exact term and what it does, as a tooltip on the label. */
  readonly hint?: string | undefined;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly unit?: string | undefined;
  /** What is shown is value × scale (0.6 × 100 = 60 %). */
  readonly scale?: number | undefined;
  readonly onChange: (value: number) => void;
  readonly onCommit?: ((value: number) => void) | undefined;
  readonly disabled?: boolean | undefined;
}) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const shown = formatNumber(value * scale);

  function takeTyped() {
    const number = typed === null ? Number.NaN : Number(typed.replace(',', '.')) / scale;
    setTyped(null);
    if (!Number.isFinite(number)) return;
    const next = snap(number, { min, max, step });
    onChange(next);
    onCommit?.(next);
  }

  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center justify-between gap-2">
        {hint === undefined ? (
          <label className="text-13 text-ink" htmlFor={`${id}-number`}>
            {label}
          </label>
        ) : (
          <Tooltip label={hint} side="left">
            <label className="text-13 text-ink" htmlFor={`${id}-number`}>
              {label}
            </label>
          </Tooltip>
        )}
        <span className="flex items-center text-13 text-ink-soft">
          <input
            className="h-6 w-12 rounded-small border border-transparent bg-transparent px-1 text-right text-ink hover:border-line focus:border-edge focus:bg-raised coarse:h-11 coarse:text-16"
            disabled={disabled}
            id={`${id}-number`}
            inputMode="decimal"
            onBlur={takeTyped}
            onChange={(event) => setTyped(event.target.value)}
            onFocus={(event) => event.target.select()}
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.currentTarget.blur();
              if (event.key === 'Escape') {
                event.stopPropagation();
                setTyped(null);
              }
            }}
            value={typed ?? shown}
          />
          {unit === undefined ? null : <span className="pl-0.5">{unit}</span>}
        </span>
      </div>
      <Radix.Root
        className="relative flex h-5 touch-none items-center select-none data-[disabled]:opacity-55 coarse:h-11"
        disabled={disabled}
        max={max}
        min={min}
        onValueChange={([next]) => {
          if (next !== undefined) onChange(snap(next, { min, max, step }));
        }}
        onValueCommit={([next]) => {
          if (next !== undefined) onCommit?.(snap(next, { min, max, step }));
        }}
        step={step}
        value={[value]}
      >
        <Radix.Track className="relative h-0.5 grow rounded-full bg-edge">
          <Radix.Range className="absolute h-full rounded-full bg-accent" />
        </Radix.Track>
        <Radix.Thumb
          aria-label={label}
          aria-valuetext={unit === undefined ? shown : `${shown} ${unit}`}
          className="block size-3.5 rounded-full border-2 border-accent bg-raised transition-colors hover:bg-accent-wash coarse:size-6"
        />
      </Radix.Root>
    </div>
  );
}

/** The nearest allowed value, without the dust of floating point. */
export function snap(
  value: number,
  range: { readonly min: number; readonly max: number; readonly step: number },
): number {
  const steps = Math.round((value - range.min) / range.step);
  const exact = Number((range.min + steps * range.step).toFixed(6));
  return Math.min(range.max, Math.max(range.min, exact));
}

function formatNumber(value: number): string {
  return String(Number(value.toFixed(2)));
}
