'use client';

import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTRPC, useTRPCClient } from '../../_client/trpc.ts';
import { uploadAsset } from '../../_client/upload.ts';
import type { Action } from '../../_editor/core/action.ts';
import type { Notice } from '../../_editor/core/editor.ts';
import type { CanvasConnection } from '../../_editor/document/connection.ts';
import { type ResolveAssets, useReadable } from '../../_editor/ui/editor-context.ts';
import { EditorProvider } from '../../_editor/ui/editor-provider.tsx';
import { useToast } from '../../_ui/toast.tsx';
import { enlargeActions } from '../generation/enlarge-actions.ts';
import { useEnlarge } from '../generation/use-enlarge.ts';
import { useGenerationFeed } from '../generation/use-generation-feed.ts';
import { useUser } from '../session-gate.tsx';
import { CanvasContext, type CanvasParts, type CanvasPlace } from './canvas-context.tsx';
import { CanvasLayout, type CanvasOverlay } from './canvas-layout.tsx';
import { CanvasSkeleton } from './canvas-skeleton.tsx';
import { useNames } from './use-names.ts';

/** One open canvas: its document, its editor, the team's queue, and the screen made of them. */
export function CanvasScreen({
  place,
  connection,
  onReopen,
}: {
  readonly place: CanvasPlace;
  readonly connection: CanvasConnection;
  readonly onReopen: () => void;
}) {
  const canvasId = place.id;
  const organizationId = place.team.id;
  const user = useUser();
  const trpc = useTRPC();
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  const toast = useToast();
  const status = useReadable(connection.status);
  const heldRole = useReadable(connection.role);
  const role = heldRole ?? place.role;
  const readOnly = role === 'viewer' || status.kind === 'closed';

  const nameOf = useNames(connection, organizationId);

  const feed = useGenerationFeed({ organizationId, canvasId }, ({ state }) => {
    if (state === 'failed') {
      toast({ text: 'A picture could not be made.', detail: 'The queue says why.', tone: 'problem' });
    }
  });

  useEffect(() => {
    document.title = `${place.name} · Gesso`;
  }, [place.name]);

  // The role changed while the canvas was open: what may be done elsewhere on the page changes too.
  useEffect(() => {
    if (heldRole !== null && heldRole !== place.role) {
      void queryClient.invalidateQueries(trpc.canvases.get.queryFilter({ canvasId }));
    }
  }, [heldRole, place.role, queryClient, trpc, canvasId]);

  const parts = useMemo<CanvasParts>(
    () => ({ place, canvasId, organizationId, role, readOnly, connection, feed, nameOf }),
    [place, canvasId, organizationId, role, readOnly, connection, feed, nameOf],
  );

  const resolveAssets = useCallback<ResolveAssets>(
    (hashes) => client.assets.sign.query({ canvasId, hashes: [...hashes] }),
    [client, canvasId],
  );
  const uploadPicture = useCallback((file: File) => uploadAsset({ canvasId, file }), [canvasId]);
  const uploadTile = useCallback(
    (file: Blob) => uploadAsset({ canvasId, file, kind: 'mask-tile' }),
    [canvasId],
  );
  const onNotice = useCallback(
    (notice: Notice, undo: () => void) =>
      toast({
        text: notice.text,
        detail: notice.detail,
        tone: notice.tone,
        action: notice.undoable === true ? { label: 'Undo', onSelect: undo } : undefined,
      }),
    [toast],
  );

  const pressGenerate = useRef<() => void>(() => {});
  const [panelsHidden, setPanelsHidden] = useState(false);
  const [overlay, setOverlay] = useState<CanvasOverlay>(null);
  const enlarge = useEnlarge(canvasId, connection);
  const actions = useMemo<readonly Action[]>(
    () => [
      {
        id: 'generate.press',
        label: 'Generate',
        group: 'Generate',
        shortcuts: ['Mod+Enter'],
        keywords: 'refine fill extend picture',
        undo: 'none',
        perform: () => pressGenerate.current(),
      },
      ...enlargeActions(enlarge),
      {
        id: 'canvas.panels',
        label: 'Show or hide panels',
        group: 'Canvas',
        icon: 'panel',
        shortcuts: ['\\', 'Mod+\\'],
        undo: 'none',
        perform: () => setPanelsHidden((before) => !before),
      },
      {
        id: 'canvas.shortcuts',
        label: 'Keyboard shortcuts',
        group: 'Canvas',
        icon: 'keyboard',
        shortcuts: ['?', 'Shift+?'],
        undo: 'none',
        perform: () => setOverlay((before) => (before === 'shortcuts' ? null : 'shortcuts')),
      },
      {
        id: 'canvas.commands',
        label: 'All commands',
        group: 'Canvas',
        icon: 'search',
        shortcuts: ['Mod+K', '/'],
        undo: 'none',
        perform: () => setOverlay((before) => (before === 'commands' ? null : 'commands')),
      },
    ],
    [enlarge],
  );

  if (status.kind === 'loading') return <CanvasSkeleton />;
  return (
    <CanvasContext.Provider value={parts}>
      <EditorProvider
        actions={actions}
        canEdit={!readOnly}
        connection={connection}
        onNotice={onNotice}
        person={{ userId: user.id, name: user.name }}
        resolveAssets={resolveAssets}
        uploadPicture={uploadPicture}
        uploadTile={uploadTile}
      >
        <CanvasLayout
          closed={status.kind === 'closed' ? status.reason : null}
          onReopen={onReopen}
          onOverlayChange={setOverlay}
          overlay={overlay}
          onTogglePanels={() => setPanelsHidden((before) => !before)}
          panelsHidden={panelsHidden}
          pressGenerate={pressGenerate}
        />
      </EditorProvider>
    </CanvasContext.Provider>
  );
}
