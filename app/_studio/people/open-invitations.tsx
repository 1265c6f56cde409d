'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';
import { useToast } from '../../_ui/toast.tsx';
import { roleNoun } from '../role-words.ts';
import { useProblem } from '../use-problem.ts';

/** Links that somebody could still use, and the way to make them worthless. */
export function OpenInvitations({ organizationId }: { readonly organizationId: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();
  const open = useQuery(trpc.invitations.list.queryOptions({ organizationId }));
  const revoke = useMutation(
    trpc.invitations.revoke.mutationOptions({
      onSuccess: () => {
        void queryClient.invalidateQueries(trpc.invitations.pathFilter());
        toast({ text: 'The link no longer works.' });
      },
      onError: showProblem,
    }),
  );
  if (open.data === undefined || open.data.length === 0) return null;
  return (
    <section aria-label="Open invitations" className="flex flex-col">
      <h2 className="mb-1 text-14 font-medium">Open invitations</h2>
      <ul>
        {open.data.map((invitation) => (
          <li className="flex min-h-14 items-center gap-3 border-b py-2" key={invitation.id}>
            <span className="flex size-7 shrink-0 items-center justify-center rounded-full bg-pressed text-ink-soft">
              <Icon name="link" />
            </span>
            <div className="min-w-0 flex-1">
              <p className="truncate text-13">Link for {roleNoun(invitation.role)}</p>
              <p className="truncate text-12 text-ink-faint">
                {invitation.invitedBy}, <RelativeTime at={invitation.createdAt} />
              </p>
            </div>
            <Button
              aria-label={`Withdraw the link for ${roleNoun(invitation.role)}`}
              busy={revoke.isPending && revoke.variables.invitationId === invitation.id}
              kind="quiet"
              onClick={() => revoke.mutate({ organizationId, invitationId: invitation.id })}
            >
              Withdraw
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
