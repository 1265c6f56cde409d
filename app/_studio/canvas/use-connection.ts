'use client';

import { useEffect, useRef, useState } from 'react';
import { useTRPCClient } from '../../_client/trpc.ts';
import {
  type CanvasConnection,
  guardUnload,
  openCanvasConnection,
} from '../../_editor/document/connection.ts';

type ConnectionState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'open'; readonly connection: CanvasConnection };

/** Opens the canvas's document for as long as the component lives. */
export function useConnection(canvasId: string, userId: string): ConnectionState {
  const client = useTRPCClient();
  const [state, setState] = useState<ConnectionState>({ kind: 'opening' });
  const latestClient = useRef(client);
  latestClient.current = client;

  useEffect(() => {
    let left = false;
    let close = () => {};
    setState({ kind: 'opening' });
    const ask = () => latestClient.current.canvases.openTicket.mutate({ canvasId });

    async function open() {
      try {
        const first = await ask();
        if (left) return;
        let unused: string | null = first.ticket;
        const connection = openCanvasConnection({
          url: first.url,
          canvasId,
          epoch: first.epoch,
          user: { id: userId },
          getTicket: async () => {
            const ticket = unused ?? (await ask()).ticket;
            unused = null;
            return ticket;
          },
        });
        const unguard = guardUnload(connection, window);
        close = () => {
          unguard();
          connection.destroy();
        };
        setState({ kind: 'open', connection });
      } catch (error) {
        if (!left) setState({ kind: 'refused', error });
      }
    }

    void open();
    return () => {
      left = true;
      close();
    };
  }, [canvasId, userId]);

  return state;
}
