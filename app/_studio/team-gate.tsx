'use client';

import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { describeError } from '../_client/describe-error.ts';
import { type RouterOutputs, useTRPC } from '../_client/trpc.ts';
import { Button } from '../_ui/button.tsx';
import { EmptyState } from '../_ui/empty-state.tsx';
import { PageWait } from './page-wait.tsx';

export type Team = NonNullable<RouterOutputs['teams']['current']>;

const TeamContext = createContext<Team | null>(null);

/** Shows its children with the team this session works in; who has none is asked for its name first. */
export function TeamGate({ children }: { readonly children: ReactNode }) {
  const trpc = useTRPC();
  const router = useRouter();
  const current = useQuery(trpc.teams.current.queryOptions());
  const hasNone = current.data === null;

  useEffect(() => {
    if (hasNone) router.replace('/welcome');
  }, [hasNone, router]);

  if (current.data !== undefined && current.data !== null) {
    return <TeamContext.Provider value={current.data}>{children}</TeamContext.Provider>;
  }
  if (current.error === null) {
    return <PageWait />;
  }
  const { message, fix } = describeError(current.error);
  return (
    <main className="flex min-h-dvh items-center justify-center p-6">
      <EmptyState
        heading="h1"
        action={<Button onClick={() => void current.refetch()}>Try again</Button>}
        title={message}
      >
        {fix}
      </EmptyState>
    </main>
  );
}

/** The team this session works in. Below a TeamGate only. */
export function useTeam(): Team {
  const team = useContext(TeamContext);
  if (team === null) throw new Error('useTeam needs a TeamGate above it.');
  return team;
}
