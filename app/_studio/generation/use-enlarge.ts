'use client';

import { useCallback } from 'react';
import { useTRPCClient } from '../../_client/trpc.ts';
import type { CanvasConnection } from '../../_editor/document/connection.ts';
import { useProblem } from '../use-problem.ts';
import type { Enlarge } from './enlarge-actions.ts';

/** Asks the server to enlarge a picture, once it knows the canvas as it is here. */
export function useEnlarge(canvasId: string, connection: CanvasConnection): Enlarge {
  const client = useTRPCClient();
  const showProblem = useProblem();
  return useCallback<Enlarge>(
    (editor, layer, scale) => {
      if (connection.status.get().kind === 'offline') {
        editor.notify({
          tone: 'problem',
          text: 'You are offline.',
          detail: 'Enlarging needs the connection. Try again when it is back.',
        });
        return;
      }
      async function ask() {
        try {
          await connection.whenSaved();
          await client.generations.enlarge.mutate({ canvasId, layerId: layer.id, scale });
          editor.notify({
            tone: 'plain',
            text: `Asked to enlarge ${layer.name} ×${scale}.`,
            detail: 'It waits in the queue.',
          });
        } catch (error) {
          showProblem(error);
        }
      }
      void ask();
    },
    [client, canvasId, connection, showProblem],
  );
}
