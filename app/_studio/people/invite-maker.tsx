'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Role } from '../../../shared/contracts/generation.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { CopyField } from '../../_ui/copy-field.tsx';
import { Select } from '../../_ui/select.tsx';
import { roleNoun, roleOptions } from '../role-words.ts';
import { useProblem } from '../use-problem.ts';

/** Makes a link that lets one person into the team with a role. The link is shown this once. */
export function InviteMaker({ organizationId }: { readonly organizationId: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const showProblem = useProblem();
  const [role, setRole] = useState<Role>('editor');
  const [made, setMade] = useState<{ readonly url: string; readonly role: Role } | null>(null);
  const create = useMutation(
    trpc.invitations.create.mutationOptions({
      onSuccess: ({ url }, input) => {
        setMade({ url, role: input.role });
        void queryClient.invalidateQueries(trpc.invitations.pathFilter());
      },
      onError: showProblem,
    }),
  );

  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-end gap-2">
        <Select
          className="min-w-0 flex-1"
          label="Invite as"
          onChange={setRole}
          options={roleOptions}
          value={role}
        />
        <Button
          busy={create.isPending}
          icon="link"
          kind="primary"
          onClick={() => create.mutate({ organizationId, role })}
        >
          Make link
        </Button>
      </div>
      {made === null ? null : (
        <CopyField
          help={`Lets one person in as ${roleNoun(made.role)}, within seven days. It is shown only now.`}
          label="Invitation link"
          value={made.url}
        />
      )}
    </div>
  );
}
