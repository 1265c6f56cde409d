import type { Queryable } from '../../../prisma/client.ts';
import type { Role } from '../../../shared/contracts/generation.ts';

export async function insertInvitation(
  database: Queryable,
  invitation: {
    readonly organizationId: string;
    readonly inviterId: string;
    readonly role: Role;
    readonly tokenHash: string;
    readonly expiresAt: Date;
  },
): Promise<string> {
  const { id } = await database.invitation.create({ data: invitation, select: { id: true } });
  return id;
}

export function selectOpenInvitations(
  database: Queryable,
  where: { readonly organizationId: string; readonly now: Date },
) {
  return database.invitation.findMany({
    where: { organizationId: where.organizationId, status: 'pending', expiresAt: { gt: where.now } },
    orderBy: { createdAt: 'desc' },
    take: 200,
    select: {
      id: true,
      role: true,
      createdAt: true,
      expiresAt: true,
      inviter: { select: { name: true } },
    },
  });
}

/** How many were open and are now withdrawn: 1 or 0. */
export async function withdrawInvitation(
  database: Queryable,
  where: { readonly organizationId: string; readonly invitationId: string },
): Promise<number> {
  const { count } = await database.invitation.updateMany({
    where: { id: where.invitationId, organizationId: where.organizationId, status: 'pending' },
    data: { status: 'canceled' },
  });
  return count;
}

export function selectInvitationByToken(database: Queryable, tokenHash: string) {
  return database.invitation.findUnique({
    where: { tokenHash },
    select: {
      organizationId: true,
      role: true,
      status: true,
      expiresAt: true,
      organization: { select: { name: true } },
      inviter: { select: { name: true } },
    },
  });
}

/** Uses an invitation up; of several who try at once, one gets 1 and the others 0. */
export async function takeInvitation(
  database: Queryable,
  where: { readonly tokenHash: string; readonly userId: string; readonly now: Date },
): Promise<number> {
  const { count } = await database.invitation.updateMany({
    where: { tokenHash: where.tokenHash, status: 'pending', expiresAt: { gt: where.now } },
    data: { status: 'accepted', acceptedById: where.userId },
  });
  return count;
}
