'use client';

import type { Role } from '../../../shared/contracts/generation.ts';
import type { RouterOutputs } from '../../_client/trpc.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu, type MenuEntry } from '../../_ui/menu.tsx';
import { Select } from '../../_ui/select.tsx';
import { roleOptions } from '../role-words.ts';

export type Member = RouterOutputs['teams']['members'][number];

/** A member: who, which role, and what an owner can change about it. */
export function MemberRow({
  member,
  isSelf,
  mayManage,
  onRole,
  onRemove,
}: {
  readonly member: Member;
  readonly isSelf: boolean;
  readonly mayManage: boolean;
  readonly onRole: (role: Role) => void;
  readonly onRemove: () => void;
}) {
  const entries: readonly MenuEntry[] = [
    {
      id: 'remove',
      label: isSelf ? 'Leave the team' : 'Remove from the team',
      icon: isSelf ? 'sign-out' : 'trash',
      danger: true,
      onSelect: onRemove,
    },
  ];
  return (
    <li className="flex min-h-14 items-center gap-3 border-b py-2">
      <Avatar name={member.name} size={28} userId={member.userId} />
      <div className="min-w-0 flex-1">
        <p className="truncate text-13 font-medium">
          {member.name}
          {isSelf ? <span className="font-normal text-ink-faint"> (you)</span> : null}
        </p>
        <p className="truncate text-12 text-ink-faint">{member.email}</p>
      </div>
      {mayManage ? (
        <Select
          className="w-26 shrink-0"
          hideLabel
          label={`Role of ${member.name}`}
          onChange={onRole}
          options={roleOptions}
          value={member.role}
        />
      ) : (
        <span className="text-13 text-ink-soft capitalize">{member.role}</span>
      )}
      {mayManage || isSelf ? (
        <Menu
          entries={entries}
          trigger={<IconButton hint="More" icon="more" label={`More for ${member.name}`} size="small" />}
        />
      ) : (
        <span className="w-7" />
      )}
    </li>
  );
}
