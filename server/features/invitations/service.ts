import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../../../platform/errors.ts';
import type { Database, Queryable } from '../../../prisma/client.ts';
import { type Role, roleSchema } from '../../../shared/contracts/generation.ts';
import { findTeamRole } from '../access/service.ts';
import { recordAudit } from '../audit/service.ts';
import { addMember } from '../teams/service.ts';
import { type InvitationState, stateOf } from './policy.ts';
import {
  insertInvitation,
  selectInvitationByToken,
  selectOpenInvitations,
  takeInvitation,
  withdrawInvitation,
} from './repo.ts';

const lifetimeMs = 7 * 24 * 60 * 60_000;

export interface CreatedInvitation {
  readonly id: string;
  /** 192 random bits, base64url. Shown this once; the database keeps its SHA-256. */
  readonly token: string;
  readonly expiresAt: Date;
}

export interface OpenInvitation {
  readonly id: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface InvitationDescription {
  readonly state: InvitationState;
  readonly teamName: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly expiresAt: Date;
}

/** Makes an invitation that whoever has the token may use once within seven days. */
export async function createInvitation(
  database: Database,
  invitation: {
    readonly organizationId: string;
    readonly inviterId: string;
    readonly role: Role;
    readonly now: Date;
  },
): Promise<CreatedInvitation> {
  const { organizationId, inviterId, role, now } = invitation;
  const token = randomBytes(24).toString('base64url');
  const expiresAt = new Date(now.getTime() + lifetimeMs);
  const id = await database.$transaction(async (transaction) => {
    const made = await insertInvitation(transaction, {
      organizationId,
      inviterId,
      role,
      expiresAt,
      tokenHash: hashToken(token),
    });
    await recordAudit(transaction, {
      organizationId,
      actorId: inviterId,
      action: 'invitation.created',
      subject: { invitationId: made, role },
    });
    return made;
  });
  return { id, token, expiresAt };
}

/** Invitations that somebody could still use, newest first. */
export async function listInvitations(
  database: Queryable,
  where: { readonly organizationId: string; readonly now: Date },
): Promise<readonly OpenInvitation[]> {
  const rows = await selectOpenInvitations(database, where);
  return rows.flatMap(({ role, inviter, ...rest }) => {
    const parsed = roleSchema.safeParse(role);
    return parsed.success ? [{ ...rest, role: parsed.data, invitedBy: inviter.name }] : [];
  });
}

/** Makes an open invitation worthless. Errors: `not_found` when the team has no such open one. */
export async function revokeInvitation(
  database: Database,
  where: { readonly organizationId: string; readonly invitationId: string; readonly actorId: string },
): Promise<void> {
  const { organizationId, invitationId, actorId } = where;
  await database.$transaction(async (transaction) => {
    const count = await withdrawInvitation(transaction, { organizationId, invitationId });
    if (count === 0) throw new AppError('not_found', 'There is no such open invitation.');
    await recordAudit(transaction, {
      organizationId,
      actorId,
      action: 'invitation.revoked',
      subject: { invitationId },
    });
  });
}

/** What a link invites to. Errors: `not_found` for a token that never was one. */
export async function describeInvitation(
  database: Queryable,
  where: { readonly token: string; readonly now: Date },
): Promise<InvitationDescription> {
  const found = await selectInvitationByToken(database, hashToken(where.token));
  const role = roleSchema.safeParse(found?.role);
  if (found === null || !role.success) throw unknownInvitation();
  return {
    state: stateOf(found, where.now),
    teamName: found.organization.name,
    role: role.data,
    invitedBy: found.inviter.name,
    expiresAt: found.expiresAt,
  };
}

/**
 * Makes `userId` a member with the invitation's role and uses the invitation up, in one transaction; returns the team.
 * Who is a member already stays as they are, and the invitation stays open for whom it was meant.
 * Errors: `not_found`; `gone` when it was used, revoked or has expired.
 */
export async function acceptInvitation(
  database: Database,
  acceptance: { readonly token: string; readonly userId: string; readonly now: Date },
): Promise<{ readonly organizationId: string }> {
  const { token, userId, now } = acceptance;
  const tokenHash = hashToken(token);
  return database.$transaction(async (transaction) => {
    const found = await selectInvitationByToken(transaction, tokenHash);
    const role = roleSchema.safeParse(found?.role);
    if (found === null || !role.success) throw unknownInvitation();
    const { organizationId } = found;
    if ((await findTeamRole(transaction, { organizationId, userId })) !== null) return { organizationId };
    if ((await takeInvitation(transaction, { tokenHash, userId, now })) === 0)
      throw closed(stateOf(found, now));
    await addMember(transaction, { organizationId, userId, role: role.data });
    return { organizationId };
  });
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function unknownInvitation(): AppError {
  return new AppError('not_found', 'There is no such invitation.', {
    fix: 'Check that the whole link was copied, or ask for a new one.',
  });
}

function closed(state: InvitationState): AppError {
  const fix = 'Ask an owner of the team for a new link.';
  switch (state) {
    case 'expired':
      return new AppError('gone', 'This invitation has expired.', { fix });
    case 'revoked':
      return new AppError('gone', 'This invitation was withdrawn.', { fix });
    case 'used':
    case 'open':
      // Still open a moment ago: somebody else was faster.
      return new AppError('gone', 'This invitation has been used.', { fix });
  }
}
