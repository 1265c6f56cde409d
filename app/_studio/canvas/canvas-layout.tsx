'use client';

import { type RefObject, useEffect } from 'react';
import type { ClosedReason } from '../../_editor/document/connection.ts';
import { CanvasStage } from '../../_editor/ui/canvas-stage.tsx';
import { useEditor } from '../../_editor/ui/editor-context.ts';
import { CommandPalette } from '../../_editor/ui/command-palette.tsx';
import { ShortcutSheet } from '../../_editor/ui/shortcut-sheet.tsx';
import { Toolbar } from '../../_editor/ui/toolbar.tsx';
import { ZoomControl } from '../../_editor/ui/zoom-control.tsx';
import { narrowQuery, useMedia } from '../../_ui/use-media.ts';
import { StripDock } from '../candidates/strip-dock.tsx';
import { useCandidates } from '../candidates/use-candidates.ts';
import { useFramePreview } from '../generation/use-frame-preview.ts';
import { useGenerate } from '../generation/use-generate.ts';
import { useProgressWords } from '../generation/use-progress-words.ts';
import { ClosedNotice } from './closed-notice.tsx';
import { Inspector } from './inspector.tsx';
import { PhoneDock } from './phone-dock.tsx';
import { TopBar } from './top-bar.tsx';

/** What lies over the whole screen: every command, or the cheat sheet. */
export type CanvasOverlay = 'commands' | 'shortcuts' | null;

/** What the panels cover of the stage. */
const wideInsets = { top: 24, right: 72, bottom: 140, left: 72 };
const narrowInsets = { top: 16, right: 16, bottom: 150, left: 16 };

/** The canvas screen: the canvas owns it, bars and panels stand at its edges. */
export function CanvasLayout({
  closed,
  panelsHidden,
  overlay,
  pressGenerate,
  onReopen,
  onTogglePanels,
  onOverlayChange,
}: {
  readonly closed: ClosedReason | null;
  readonly panelsHidden: boolean;
  readonly overlay: CanvasOverlay;
  /** Where the shortcut for Generate finds the press. */
  readonly pressGenerate: RefObject<() => void>;
  readonly onReopen: () => void;
  readonly onTogglePanels: () => void;
  readonly onOverlayChange: (overlay: CanvasOverlay) => void;
}) {
  const narrow = useMedia(narrowQuery);
  const candidates = useCandidates();
  const preview = useFramePreview();
  const generate = useGenerate();
  useProgressWords();

  useEffect(() => {
    pressGenerate.current = generate.press;
  }, [pressGenerate, generate.press]);

  const editor = useEditor();
  const followsReference = generate.abilities?.reference === true;
  useEffect(() => editor.followsReference.set(followsReference), [editor, followsReference]);
  const enlarges = generate.abilities?.upscale === true;
  useEffect(() => editor.enlarges.set(enlarges), [editor, enlarges]);

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <TopBar
        narrow={narrow}
        onCommands={() => onOverlayChange('commands')}
        onShortcuts={() => onOverlayChange('shortcuts')}
        onTogglePanels={onTogglePanels}
        panelsHidden={panelsHidden}
      />
      <main className="flex min-h-0 flex-1">
        <div className="relative min-w-0 flex-1">
          <CanvasStage
            candidate={candidates.view}
            framePreview={preview}
            insets={narrow ? narrowInsets : wideInsets}
          />
          {narrow ? (
            <div className="absolute inset-x-2 bottom-2 z-10 flex justify-center">
              <Toolbar className="max-w-full" orientation="horizontal" />
            </div>
          ) : panelsHidden ? null : (
            <>
              <Toolbar className="absolute top-3 left-3 z-10" />
              <ZoomControl className="absolute bottom-3 left-3 z-10 bg-raised shadow-float outline outline-line" />
            </>
          )}
          <StripDock
            left={narrow || panelsHidden ? 0 : 68}
            bottom={narrow ? 60 : 0}
            gap={preview === null ? 12 : 34}
            state={candidates}
          />
          {closed === null ? null : <ClosedNotice onReopen={onReopen} reason={closed} />}
        </div>
        {narrow ? null : <Inspector generate={generate} hidden={panelsHidden} onCollapse={onTogglePanels} />}
      </main>
      {narrow ? <PhoneDock generate={generate} /> : null}
      <ShortcutSheet
        onOpenChange={(open) => onOverlayChange(open ? 'shortcuts' : null)}
        open={overlay === 'shortcuts'}
      />
      <CommandPalette
        onOpenChange={(open) => onOverlayChange(open ? 'commands' : null)}
        open={overlay === 'commands'}
      />
    </div>
  );
}
