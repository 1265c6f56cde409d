'use client';

import { useEffect, useState } from 'react';
import { describeMode } from '../../../shared/document/mode.ts';
import { isPaintLayer } from '../../../shared/document/schema.ts';
import { selectedLayers } from '../../_editor/core/editor.ts';
import { localBox } from '../../_editor/core/layer-geometry.ts';
import { useCanvasModel, useEditor } from '../../_editor/ui/editor-context.ts';
import { LayersPanel } from '../../_editor/ui/layers-panel.tsx';
import { Button } from '../../_ui/button.tsx';
import { Icon, type IconName } from '../../_ui/icon.tsx';
import { Sheet } from '../../_ui/sheet.tsx';
import { PromptPanel } from '../generation/prompt-panel.tsx';
import type { Generate } from '../generation/use-generate.ts';
import { HistoryPanel } from '../history/history-panel.tsx';
import { useCanvas } from './canvas-context.tsx';
import type { InspectorTab } from './inspector.tsx';

const panels: readonly { readonly tab: InspectorTab; readonly label: string; readonly icon: IconName }[] = [
  { tab: 'prompt', label: 'Prompt', icon: 'prompt' },
  { tab: 'layers', label: 'Layers', icon: 'layers' },
  { tab: 'history', label: 'History', icon: 'clock' },
];

/** The lower edge on a phone: the panels as sheets, and Generate within reach of the thumb. */
export function PhoneDock({ generate }: { readonly generate: Generate }) {
  const { readOnly } = useCanvas();
  const { settings } = useCanvasModel();
  const [open, setOpen] = useState<InspectorTab | null>(null);
  const { state } = generate;
  const editor = useEditor();

  // A new mask or scribble puts the brush in hand, and a hand needs the canvas; also when it had the brush already.
  useEffect(() => {
    const undos = [
      editor.tools.active.subscribe(() => setOpen(null)),
      editor.selection.subscribe(() => {
        const [layer] = selectedLayers(editor);
        const isBlank = layer !== undefined && isPaintLayer(layer) && localBox(layer) === null;
        if (isBlank && editor.tools.active.get() === 'brush') setOpen(null);
      }),
    ];
    return () => {
      for (const undo of undos) undo();
    };
  }, [editor]);

  /** The picture appears on the canvas, so the sheet makes room for it. */
  function pressAndShow() {
    if (state.kind === 'ready') setOpen(null);
    generate.press();
  }
  return (
    <nav
      aria-label="Panels"
      className="relative z-10 flex shrink-0 items-center gap-1 bg-surface px-2 pt-1 pb-[max(4px,env(safe-area-inset-bottom))] hairline-t"
    >
      {panels.map(({ tab, label, icon }) => (
        <button
          aria-expanded={open === tab}
          className="flex h-12 min-w-14 flex-col items-center justify-center gap-0.5 rounded-control px-1 text-12 text-ink-soft aria-expanded:text-ink"
          key={tab}
          onClick={() => setOpen(open === tab ? null : tab)}
          type="button"
        >
          <Icon name={icon} size={20} />
          {label}
        </button>
      ))}
      <span className="flex-1" />
      {readOnly ? null : (
        <Button
          busy={state.kind === 'busy'}
          kind="primary"
          // What stands in the way is told in the sheet, next to what would remove it.
          onClick={state.kind === 'blocked' ? () => setOpen('prompt') : generate.press}
          size="large"
        >
          {state.kind === 'busy' ? state.what : describeMode(generate.mode, settings.strength)}
        </Button>
      )}
      {panels.map(({ tab, label }) => (
        <Sheet
          key={tab}
          modal={false}
          onOpenChange={(next) => setOpen(next ? tab : null)}
          open={open === tab}
          title={label}
        >
          {tab === 'prompt' ? (
            <PromptPanel generate={{ ...generate, press: pressAndShow }} />
          ) : tab === 'layers' ? (
            <LayersPanel />
          ) : (
            <HistoryPanel />
          )}
        </Sheet>
      ))}
    </nav>
  );
}
