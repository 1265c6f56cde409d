'use client';

import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../_client/trpc.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { CopyField } from '../../_ui/copy-field.tsx';
import { Dialog } from '../../_ui/dialog.tsx';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { InviteMaker } from './invite-maker.tsx';

/** Ways to bring people to this canvas: its address for the team, an invitation for everybody else. */
export function ShareDialog({ onClose }: { readonly onClose: () => void }) {
  const { organizationId, place, role } = useCanvas();
  const trpc = useTRPC();
  const members = useQuery(trpc.teams.members.queryOptions({ organizationId }));
  return (
    <Dialog
      description={`Everyone in ${place.team.name} can open it. Who joins the team sees all of its canvases.`}
      onOpenChange={onClose}
      open
      title={`Share “${place.name}”`}
    >
      <div className="flex flex-col gap-6">
        {role === 'owner' ? (
          <InviteMaker organizationId={organizationId} />
        ) : (
          <p className="text-13 text-ink-soft">
            Owners of the team can invite more people{ownersOf(members.data ?? [])}.
          </p>
        )}
        <CopyField label="Link for people in the team" value={window.location.href} />
        {members.data === undefined ? null : (
          <section aria-label="In the team">
            <h3 className="mb-1 text-13 font-medium">In the team</h3>
            <ul className="max-h-52 overflow-y-auto">
              {members.data.map((member) => (
                <li className="flex h-10 items-center gap-2.5" key={member.userId}>
                  <Avatar name={member.name} size={24} userId={member.userId} />
                  <span className="min-w-0 flex-1 truncate text-13">{member.name}</span>
                  <span className="text-12 text-ink-soft capitalize">{member.role}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Dialog>
  );
}

function ownersOf(members: readonly { readonly name: string; readonly role: string }[]): string {
  const owners = members.filter((member) => member.role === 'owner').map((member) => member.name);
  return owners.length === 0 ? '' : `: ${owners.slice(0, 3).join(', ')}`;
}
