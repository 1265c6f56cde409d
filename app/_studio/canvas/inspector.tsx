'use client';

import { useState } from 'react';
import { LayersPanel } from '../../_editor/ui/layers-panel.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Tabs } from '../../_ui/tabs.tsx';
import { PromptPanel } from '../generation/prompt-panel.tsx';
import type { Generate } from '../generation/use-generate.ts';
import { HistoryPanel } from '../history/history-panel.tsx';

export type InspectorTab = 'prompt' | 'layers' | 'history';

/** The panel beside the canvas: words and settings, layers, everything made so far. */
export function Inspector({
  generate,
  hidden,
  onCollapse,
}: {
  readonly generate: Generate;
  /** Out of sight, but what was opened, typed and scrolled in it is kept. */
  readonly hidden: boolean;
  readonly onCollapse: () => void;
}) {
  const [tab, setTab] = useState<InspectorTab>('prompt');
  return (
    <aside
      aria-label="Inspector"
      className={hidden ? 'hidden' : 'flex w-76 shrink-0 flex-col border-l bg-surface'}
    >
      <Tabs
        className="min-h-0 flex-1"
        end={
          <IconButton
            icon="panel"
            label="Hide panels"
            onClick={onCollapse}
            shortcut="\"
            side="left"
            size="small"
          />
        }
        label="Inspector"
        onChange={setTab}
        tabs={[
          { value: 'prompt', label: 'Prompt', content: <PromptPanel generate={generate} /> },
          { value: 'layers', label: 'Layers', content: <LayersPanel /> },
          { value: 'history', label: 'History', content: <HistoryPanel /> },
        ]}
        value={tab}
      />
    </aside>
  );
}
