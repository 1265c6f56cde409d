import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import type { CanvasConnection } from '../../_editor/document/connection.ts';
import { useTRPC } from '../../_client/trpc.ts';

/**
 * Names of the people a canvas speaks of. The list of members is read again when somebody shows up who was not on it:
 * people join a team while its canvases are open.
 */
export function useNames(connection: CanvasConnection, organizationId: string): (userId: string) => string {
  const trpc = useTRPC();
  const { data, refetch } = useQuery(trpc.teams.members.queryOptions({ organizationId }));
  const asked = useRef(new Set<string>());

  useEffect(() => {
    const { awareness } = connection;
    const look = () => {
      for (const state of awareness.getStates().values()) {
        const id: unknown = state.user?.id;
        if (typeof id !== 'string' || data === undefined || asked.current.has(id)) continue;
        if (data.some((member) => member.userId === id)) continue;
        asked.current.add(id);
        void refetch();
      }
    };
    look();
    awareness.on('change', look);
    return () => awareness.off('change', look);
  }, [connection, data, refetch]);

  return useCallback(
    (userId: string) => data?.find((member) => member.userId === userId)?.name ?? 'Somebody who left',
    [data],
  );
}
