'use client';

import { Slider } from '../../_ui/slider.tsx';
import { brushInHand, largestBrush, smallestBrush } from '../core/actions/tools.ts';
import { useEditor, useReadable } from './editor-context.ts';

/** Size, opacity and hardness of the brush or eraser in hand, along the top edge of the canvas. */
export function BrushBar() {
  const editor = useEditor();
  const tool = useReadable(editor.tools.active);
  const canEdit = useReadable(editor.document.canEdit);
  if (!canEdit || (tool !== 'brush' && tool !== 'eraser')) return null;
  return (
    <div
      aria-label={tool === 'eraser' ? 'Eraser settings' : 'Brush settings'}
      className="absolute top-3 left-1/2 z-10 grid w-[min(440px,calc(100%-24px))] -translate-x-1/2 animate-fade grid-cols-3 gap-5 phone:grid-cols-2 rounded-[10px] bg-raised px-4 pt-2 pb-1 shadow-float outline outline-line phone:gap-4 phone:px-3"
      role="group"
    >
      <BrushFields />
    </div>
  );
}

function BrushFields() {
  const editor = useEditor();
  const store = brushInHand(editor);
  const { size, opacity, hardness } = useReadable(store);
  return (
    <>
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
      <div className="phone:hidden">
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
    </>
  );
}
