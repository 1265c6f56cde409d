'use client';

import { Slider as Radix } from 'radix-ui';
import { useState } from 'react';
import { snap } from './slider.tsx';
import { Tooltip } from './tooltip.tsx';

type Pair = readonly [start: number, end: number];

/** A part of a whole on a track, from one thumb to the other; written once when it is decided. Never empty. */
export function RangeSlider({
  label,
  hint,
  startLabel,
  endLabel,
  value,
  step,
  describe,
  onCommit,
  disabled = false,
}: {
  readonly label: string;
  /** The exact term and what it does, as a tooltip on the label. */
  readonly hint: string;
  /** What a screen reader calls the two thumbs. */
  readonly startLabel: string;
  readonly endLabel: string;
  /** Shares of the whole, 0 … 1. */
  readonly value: Pair;
  readonly step: number;
  /** One end in words: "40 %". */
  readonly describe: (share: number) => string;
  readonly onCommit: (value: Pair) => void;
  readonly disabled?: boolean | undefined;
}) {
  const [dragged, setDragged] = useState<Pair | null>(null);
  const shown = dragged ?? value;

  function read(next: readonly number[]): Pair {
    const [start = 0, end = 1] = next.map((share) => snap(share, { min: 0, max: 1, step }));
    return [start, end];
  }

  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center justify-between gap-2 text-13">
        <Tooltip label={hint} side="left">
          <span>{label}</span>
        </Tooltip>
        <span className="text-ink-soft tabular-nums">
          {describe(shown[0])} to {describe(shown[1])}
        </span>
      </div>
      <Radix.Root
        className="relative flex h-5 touch-none items-center select-none data-[disabled]:opacity-55 coarse:h-11"
        disabled={disabled}
        max={1}
        min={0}
        minStepsBetweenThumbs={1}
        onValueChange={(next) => setDragged(read(next))}
        onValueCommit={(next) => {
          setDragged(null);
          onCommit(read(next));
        }}
        step={step}
        value={[...shown]}
      >
        <Radix.Track className="relative h-0.5 grow rounded-full bg-edge">
          <Radix.Range className="absolute h-full rounded-full bg-accent" />
        </Radix.Track>
        {[startLabel, endLabel].map((name, i) => (
          <Radix.Thumb
            aria-label={name}
            aria-valuetext={describe(shown[i === 0 ? 0 : 1])}
            className="block size-3.5 rounded-full border-2 border-accent bg-raised transition-colors hover:bg-accent-wash coarse:size-6"
            key={name}
          />
        ))}
      </Radix.Root>
    </div>
  );
}
