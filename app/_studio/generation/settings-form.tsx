'use client';

import { Collapsible } from 'radix-ui';
import { useState } from 'react';
import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import type { Settings } from '../../../shared/document/schema.ts';
import { Icon } from '../../_ui/icon.tsx';
import { Segmented } from '../../_ui/segmented.tsx';
import { Slider } from '../../_ui/slider.tsx';
import { arithmeticWords } from './arithmetic-field.tsx';
import { FurtherSettings } from './further-settings.tsx';

const counts = ['1', '2', '4', '6', '8'] as const;

/** The settings of the next pictures, shared by everyone on the canvas. */
export function SettingsForm({
  settings,
  mode,
  offersInt8,
  readOnly,
  onChange,
}: {
  readonly settings: Settings;
  /** What will happen: strength and image guidance mean something only where it starts from the picture below. */
  readonly mode: GenerationMode;
  /** The pack has a graph that computes in 8 bits. */
  readonly offersInt8: boolean;
  readonly readOnly: boolean;
  readonly onChange: (change: Partial<Settings>) => void;
}) {
  const [more, setMore] = useState(false);
  const count = counts.find((candidate) => Number(candidate) === settings.count) ?? null;
  return (
    <div className="flex flex-col gap-3">
      <Segmented
        disabled={readOnly}
        label="Pictures"
        onChange={(value) => onChange({ count: Number(value) })}
        options={counts.map((value) => ({ value, label: value }))}
        value={count}
      />
      {mode === 'image-to-image' || mode === 'inpaint' ? (
        <Slider
          disabled={readOnly}
          hint="How much of the picture below is painted anew (denoising strength). Low keeps it, 100 % ignores it."
          label="Strength"
          max={1}
          min={0.05}
          onChange={(strength) => onChange({ strength })}
          scale={100}
          step={0.05}
          unit="%"
          value={settings.strength}
        />
      ) : null}
      {mode === 'instruct' ? (
        <Slider
          disabled={readOnly}
          hint="How closely the edit keeps to the picture below (image guidance scale). Higher changes less."
          label="Keep to the picture"
          max={5}
          min={0}
          onChange={(imageGuidanceScale) => onChange({ imageGuidanceScale })}
          step={0.1}
          value={settings.imageGuidanceScale}
        />
      ) : null}
      <Collapsible.Root onOpenChange={setMore} open={more}>
        <Collapsible.Trigger className="-ml-1 flex h-7 max-w-full items-center gap-1 rounded-small pr-2 pl-1 text-13 text-ink-soft hover:text-ink coarse:h-11">
          <Icon name={more ? 'chevron-down' : 'chevron-right'} />
          More
          {more ? null : (
            <span className="min-w-0 truncate pl-1 text-ink-faint">{summarise(settings, offersInt8)}</span>
          )}
        </Collapsible.Trigger>
        <Collapsible.Content className="flex flex-col gap-3 pt-2">
          <FurtherSettings
            offersInt8={offersInt8}
            onChange={onChange}
            readOnly={readOnly}
            settings={settings}
          />
        </Collapsible.Content>
      </Collapsible.Root>
    </div>
  );
}

/** The settings below the fold in a few words, so that nobody has to open it to know. */
function summarise(settings: Settings, offersInt8: boolean): string {
  const fast = offersInt8 && settings.arithmetic === 'int8' ? `, ${arithmeticWords.int8.toLowerCase()}` : '';
  const seed = settings.seed === null ? '' : `, seed ${settings.seed}`;
  return `${settings.steps} steps, guidance ${settings.guidanceScale}${fast}${seed}`;
}
