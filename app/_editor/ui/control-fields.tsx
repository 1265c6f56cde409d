'use client';

import { useState } from 'react';
import { type ControlKind, controlKinds } from '../../../shared/contracts/recipe.ts';
import type { ControlLayer } from '../../../shared/document/schema.ts';
import { RangeSlider } from '../../_ui/range-slider.tsx';
import { Select } from '../../_ui/select.tsx';
import { Slider } from '../../_ui/slider.tsx';
import { patchControls } from '../core/actions/controls.ts';
import { controlWords, percent, regionNames } from '../core/control-words.ts';
import { applyCommands } from '../core/editor.ts';
import { useEditor } from './editor-context.ts';

const kindOptions = controlKinds.map((value) => ({ value, label: controlWords[value].name }));
const regionOptions = regionNames.map((label, i) => ({ value: String(i), label }));

/** What the selected control layers say and how closely they are followed; each change is written once. */
export function ControlFields({ layers }: { readonly layers: readonly ControlLayer[] }) {
  const editor = useEditor();
  const [strength, setStrength] = useState<number | null>(null);
  const [first] = layers;
  if (first === undefined) return null;

  function patchEach(label: string, patch: { readonly map: ControlKind } | { readonly region: number }) {
    applyCommands(
      editor,
      label,
      layers.map(({ id }) => ({ type: 'patch-layer', id, patch })),
    );
  }

  return (
    <div className="flex flex-col gap-3 px-3 pt-1 pb-3 hairline-b">
      <div className="grid grid-cols-2 gap-3">
        <Select<ControlKind>
          label="Kind of map"
          onChange={(map) => patchEach('Change kind of map', { map })}
          options={kindOptions}
          value={first.map}
        />
        {first.map === 'segmentation' ? (
          <Select
            label="Stands for"
            onChange={(region) => patchEach('Change region', { region: Number(region) })}
            options={regionOptions}
            value={String(first.region)}
          />
        ) : null}
      </div>
      <p className="text-12 text-ink-soft">{controlWords[first.map].hint}</p>
      <Slider
        hint="How closely the picture follows the map (conditioning scale)."
        label="Strength"
        max={1}
        min={0}
        onChange={setStrength}
        onCommit={(next) => {
          setStrength(null);
          applyCommands(editor, 'Change strength', patchControls(editor, layers, { strength: next }));
        }}
        scale={100}
        step={0.05}
        unit="%"
        value={strength ?? Math.min(first.strength, 1)}
      />
      <RangeSlider
        describe={(share) => `${percent(share)} %`}
        endLabel="Last step that follows the map"
        hint="The part of the steps in which the map is followed (control guidance start and end). Let go early and the details are free."
        label="Steps"
        onCommit={(range) =>
          applyCommands(editor, 'Change steps of the map', patchControls(editor, layers, { range }))
        }
        startLabel="First step that follows the map"
        step={0.05}
        value={first.range}
      />
    </div>
  );
}
