'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTRPC } from '../../_client/trpc.ts';
import { Icon } from '../../_ui/icon.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { useTeam } from '../team-gate.tsx';
import { useProblem } from '../use-problem.ts';

/** The team that is looked at, and the way to another. */
export function TeamMenu() {
  const team = useTeam();
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const showProblem = useProblem();
  const teams = useQuery(trpc.teams.list.queryOptions());
  const choose = useMutation(
    trpc.teams.choose.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(),
      onError: showProblem,
    }),
  );
  const options = (teams.data ?? [team]).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Menu
      align="start"
      entries={[
        {
          kind: 'choice',
          id: 'team',
          label: 'Team',
          value: team.id,
          options,
          onChange: (organizationId) => choose.mutate({ organizationId }),
        },
        { kind: 'separator', id: 'line' },
        { id: 'new', label: 'New team', icon: 'plus', onSelect: () => router.push('/welcome') },
      ]}
      trigger={
        <button
          className="flex h-8 max-w-full min-w-0 items-center gap-1 rounded-control px-2 text-13 text-ink hover:bg-hover data-[state=open]:bg-pressed coarse:min-h-11"
          type="button"
        >
          <span className="truncate">{team.name}</span>
          <Icon className="text-ink-soft" name="chevron-down" />
        </button>
      }
    />
  );
}
