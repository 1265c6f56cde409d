'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { useEditor, useReadable } from '../../_editor/ui/editor-context.ts';
import { PresenceStack } from '../../_editor/ui/presence-stack.tsx';
import { Button } from '../../_ui/button.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { InlineName } from '../../_ui/inline-name.tsx';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { useToast } from '../../_ui/toast.tsx';
import { ShareDialog } from '../people/share-dialog.tsx';
import { QueueButton } from '../queue/queue-button.tsx';
import { useThemeEntry } from '../shell/use-theme-entry.ts';
import { useProblem } from '../use-problem.ts';
import { useCanvas } from './canvas-context.tsx';
import { SaveStateLabel, saveStateWords } from './save-state.tsx';

/** Above the canvas: where one is, whether it is saved, who is here, and the team's queue. */
export function TopBar({
  narrow,
  panelsHidden,
  onTogglePanels,
  onShortcuts,
  onCommands,
}: {
  readonly narrow: boolean;
  readonly panelsHidden: boolean;
  readonly onTogglePanels: () => void;
  readonly onShortcuts: () => void;
  readonly onCommands: () => void;
}) {
  const { place, canvasId, readOnly, connection } = useCanvas();
  const status = useReadable(connection.status);
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();
  const [sharing, setSharing] = useState(false);
  const editor = useEditor();
  const offline = status.kind === 'offline';
  useEffect(() => {
    if (!offline) return;
    editor.announcement.set(`Offline. ${saveStateWords.offline.detail}`);
    return () => editor.announcement.set('Connected again.');
  }, [editor, offline]);

  function refresh() {
    void queryClient.invalidateQueries(trpc.canvases.get.queryFilter({ canvasId }));
    void queryClient.invalidateQueries(trpc.projects.pathFilter());
  }
  const rename = useMutation(
    trpc.canvases.rename.mutationOptions({ onSuccess: refresh, onError: showProblem }),
  );
  const duplicate = useMutation(
    trpc.canvases.duplicate.mutationOptions({
      onSuccess: (copy) => {
        refresh();
        router.push(`/canvas/${copy.canvasId}`);
      },
      onError: showProblem,
    }),
  );
  const restore = useMutation(
    trpc.canvases.restore.mutationOptions({ onSuccess: refresh, onError: showProblem }),
  );
  const trash = useMutation(
    trpc.canvases.moveToTrash.mutationOptions({
      onSuccess: () => {
        refresh();
        router.push('/');
        toast({
          text: `“${place.name}” is in the trash.`,
          action: { label: 'Undo', onSelect: () => restore.mutate({ canvasId }) },
        });
      },
      onError: showProblem,
    }),
  );

  const themeEntry = useThemeEntry();
  const entries: readonly MenuEntry[] = [
    ...(narrow
      ? [{ id: 'share', label: 'Share', icon: 'share' as const, onSelect: () => setSharing(true) }]
      : [
          {
            id: 'panels',
            label: panelsHidden ? 'Show panels' : 'Hide panels',
            icon: 'panel' as const,
            shortcut: '\\',
            onSelect: onTogglePanels,
          },
          {
            id: 'commands',
            label: 'All commands',
            icon: 'search' as const,
            shortcut: 'Mod+K',
            onSelect: onCommands,
          },
          {
            id: 'shortcuts',
            label: 'Keyboard shortcuts',
            icon: 'keyboard' as const,
            shortcut: '?',
            onSelect: onShortcuts,
          },
        ]),
    { kind: 'separator', id: 'line-theme' },
    themeEntry,
    ...(readOnly
      ? []
      : [
          { kind: 'separator' as const, id: 'line-canvas' },
          {
            id: 'duplicate',
            label: 'Duplicate canvas',
            icon: 'copy' as const,
            onSelect: () => duplicate.mutate({ canvasId }),
          },
          { kind: 'separator' as const, id: 'line' },
          {
            id: 'trash',
            label: 'Move to trash',
            icon: 'trash' as const,
            danger: true,
            onSelect: () => trash.mutate({ canvasId }),
          },
        ]),
  ];

  return (
    <header className="relative z-10 flex h-11 shrink-0 items-center gap-1 bg-surface px-2 hairline-b coarse:h-13">
      <Link
        aria-label="All canvases"
        className="inline-flex size-8 shrink-0 items-center justify-center rounded-control text-ink-soft transition-colors hover:bg-hover hover:text-ink coarse:size-11"
        href="/"
        title="All canvases"
      >
        <Icon name="arrow-left" />
      </Link>
      <div className="flex min-w-0 items-center gap-0.5">
        <span
          className="hidden max-w-48 min-w-0 truncate text-13 text-ink-soft md:block"
          title={place.project.name}
        >
          {place.project.name}
        </span>
        <Icon className="hidden text-ink-faint md:block" name="chevron-right" />
        <h1 className="min-w-0 text-13 font-medium">
          {readOnly ? (
            <span className="block truncate px-1.5">{place.name}</span>
          ) : (
            <InlineName
              className="text-13 font-medium"
              label="Canvas name"
              name={place.name}
              onRename={(name) => rename.mutate({ canvasId, name })}
            />
          )}
        </h1>
      </div>
      <SaveStateLabel state={status.kind} />
      {readOnly ? (
        <span className="shrink-0 rounded-small bg-pressed px-2 py-0.5 text-12 text-ink-soft">View only</span>
      ) : null}
      <span className="flex-1" />
      <PresenceStack />
      {narrow ? null : (
        <Button icon="share" kind="quiet" onClick={() => setSharing(true)}>
          Share
        </Button>
      )}
      <QueueButton />
      <Menu entries={entries} trigger={<IconButton icon="more" label="More for this canvas" />} />
      {sharing ? <ShareDialog onClose={() => setSharing(false)} /> : null}
    </header>
  );
}
