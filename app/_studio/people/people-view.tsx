'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { Dialog, DialogActions } from '../../_ui/dialog.tsx';
import { InlineName } from '../../_ui/inline-name.tsx';
import { Skeleton } from '../../_ui/skeleton.tsx';
import { useToast } from '../../_ui/toast.tsx';
import { LoadProblem } from '../load-problem.tsx';
import { useUser } from '../session-gate.tsx';
import { useTeam } from '../team-gate.tsx';
import { useProblem } from '../use-problem.ts';
import { InviteMaker } from './invite-maker.tsx';
import { type Member, MemberRow } from './member-row.tsx';
import { OpenInvitations } from './open-invitations.tsx';

/** The team: its name, who is in it with which role, and the links that let people in. */
export function PeopleView() {
  const team = useTeam();
  const user = useUser();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const toast = useToast();
  const showProblem = useProblem();
  const [removing, setRemoving] = useState<Member | null>(null);
  const organizationId = team.id;
  const mayManage = team.role === 'owner';
  const members = useQuery(trpc.teams.members.queryOptions({ organizationId }));

  const refreshing = {
    onSuccess: () => queryClient.invalidateQueries(trpc.teams.pathFilter()),
    onError: showProblem,
  };
  const rename = useMutation(trpc.teams.rename.mutationOptions(refreshing));
  const setRole = useMutation(trpc.teams.setRole.mutationOptions(refreshing));

  if (members.data === undefined) {
    return members.error === null ? (
      <div aria-label="Loading people" className="mx-auto flex max-w-160 flex-col gap-4" role="status">
        <h1 className="sr-only">People</h1>
        <Skeleton className="h-8 w-56" />
        <Skeleton className="h-14 w-full" />
        <Skeleton className="h-14 w-full" />
      </div>
    ) : (
      <LoadProblem heading="h1" error={members.error} onRetry={() => void members.refetch()} />
    );
  }
  return (
    <div className="mx-auto flex max-w-160 flex-col gap-10">
      <div>
        <h1 className={`mb-4 min-w-0 text-20 font-semibold tracking-[-0.01em] ${mayManage ? '-ml-1.5' : ''}`}>
          {mayManage ? (
            <InlineName
              className="h-9 text-20 font-semibold"
              label="Team name"
              name={team.name}
              onRename={(name) => rename.mutate({ organizationId, name })}
            />
          ) : (
            team.name
          )}
        </h1>
        <ul aria-label="Members" className="border-t">
          {members.data.map((member) => (
            <MemberRow
              isSelf={member.userId === user.id}
              key={member.userId}
              mayManage={mayManage}
              member={
                setRole.isPending && setRole.variables.userId === member.userId
                  ? { ...member, role: setRole.variables.role }
                  : member
              }
              onRemove={() => setRemoving(member)}
              onRole={(role) =>
                setRole.mutate(
                  { organizationId, userId: member.userId, role },
                  { onSuccess: () => toast({ text: `${member.name} is ${role} now.` }) },
                )
              }
            />
          ))}
        </ul>
      </div>
      {mayManage ? (
        <section aria-label="Invite">
          <h2 className="mb-3 text-14 font-medium">Invite somebody</h2>
          <InviteMaker organizationId={organizationId} />
        </section>
      ) : null}
      {mayManage ? <OpenInvitations organizationId={organizationId} /> : null}
      {removing === null ? null : (
        <RemoveDialog
          isSelf={removing.userId === user.id}
          member={removing}
          onClose={() => setRemoving(null)}
          organizationId={organizationId}
        />
      )}
    </div>
  );
}

function RemoveDialog({
  member,
  isSelf,
  organizationId,
  onClose,
}: {
  readonly member: Member;
  readonly isSelf: boolean;
  readonly organizationId: string;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const team = useTeam();
  const queryClient = useQueryClient();
  const showProblem = useProblem();
  const done = {
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries();
    },
    onError: (error: unknown) => {
      onClose();
      showProblem(error);
    },
  };
  const remove = useMutation(trpc.teams.removeMember.mutationOptions(done));
  const leave = useMutation(trpc.teams.leave.mutationOptions(done));
  return (
    <Dialog
      description={
        isSelf
          ? 'You lose access to its canvases at once. What you made stays with the team.'
          : 'They lose access at once, open canvases included. What they made stays with the team.'
      }
      onOpenChange={onClose}
      open
      title={isSelf ? `Leave ${team.name}?` : `Remove ${member.name}?`}
    >
      <DialogActions>
        <Button kind="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button
          busy={remove.isPending || leave.isPending}
          kind="danger"
          onClick={() =>
            isSelf
              ? leave.mutate({ organizationId })
              : remove.mutate({ organizationId, userId: member.userId })
          }
        >
          {isSelf ? 'Leave' : 'Remove'}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
