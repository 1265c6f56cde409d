'use client';

import { Slider } from '../../_ui/slider.tsx';
import { brushInHand, largestBrush, smallestBrush } from '../core/actions/tools.ts';
import { useEditor, useReadable } from './editor-context.ts';

/** Size, opacity and hardness of the brush or eraser in hand. */
export function BrushSettingsFields() {
  const editor = useEditor();
  useReadable(editor.tools.active);
  const store = brushInHand(editor);
  const { size, opacity, hardness } = useReadable(store);
  return (
    <div className="flex flex-col gap-3">
      <Slider
        hint="Diameter in canvas pixels. Keys [ and ]"
        label="Size"
        max={largestBrush}
        min={smallestBrush}
        onChange={(next) => store.update((settings) => ({ ...settings, size: next }))}
        step={1}
        unit="px"
        value={size}
      />
      <Slider
        label="Opacity"
        max={1}
        min={0.05}
        onChange={(next) => store.update((settings) => ({ ...settings, opacity: next }))}
        scale={100}
        step={0.05}
        unit="%"
        value={opacity}
      />
      <Slider
        hint="How sharp the edge is. Keys { and }"
        label="Hardness"
        max={1}
        min={0}
        onChange={(next) => store.update((settings) => ({ ...settings, hardness: next }))}
        scale={100}
        step={0.05}
        unit="%"
        value={hardness}
      />
    </div>
  );
}
