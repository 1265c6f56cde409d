import type { Queryable, Transaction } from '../../../prisma/client.ts';
import type { Role } from '../../../shared/contracts/generation.ts';

export async function insertTeam(
  database: Queryable,
  team: { readonly name: string; readonly slug: string; readonly ownerId: string },
): Promise<string> {
  const { id } = await database.organization.create({
    data: {
      name: team.name,
      slug: team.slug,
      members: { create: { userId: team.ownerId, role: 'owner' } },
    },
    select: { id: true },
  });
  return id;
}

export function selectTeamsOf(database: Queryable, userId: string) {
  return database.member.findMany({
    where: { userId },
    orderBy: { createdAt: 'asc' },
    select: { role: true, organization: { select: { id: true, name: true } } },
  });
}

export async function updateTeamName(
  database: Queryable,
  change: { readonly organizationId: string; readonly name: string },
): Promise<void> {
  await database.organization.update({ where: { id: change.organizationId }, data: { name: change.name } });
}

export function selectMembers(database: Queryable, organizationId: string) {
  return database.member.findMany({
    where: { organizationId },
    orderBy: { createdAt: 'asc' },
    select: { role: true, createdAt: true, user: { select: { id: true, name: true, email: true } } },
  });
}

/** Makes changes of one team's members wait for each other until the transaction ends. */
export async function lockTeam(transaction: Transaction, organizationId: string): Promise<void> {
  await transaction.$queryRaw`select 1 from organization where id = ${organizationId} for update`;
}

export function countOwners(database: Queryable, organizationId: string): Promise<number> {
  return database.member.count({ where: { organizationId, role: 'owner' } });
}

interface MemberName {
  readonly organizationId: string;
  readonly userId: string;
}

export async function insertMember(
  database: Queryable,
  member: MemberName & { readonly role: Role },
): Promise<void> {
  await database.member.create({ data: member });
}

export async function updateRole(
  database: Queryable,
  change: MemberName & { readonly role: Role },
): Promise<void> {
  const { organizationId, userId, role } = change;
  await database.member.update({
    where: { organizationId_userId: { organizationId, userId } },
    data: { role },
  });
}

export async function deleteMember(database: Queryable, member: MemberName): Promise<void> {
  await database.member.deleteMany({ where: member });
}

export async function selectActiveTeam(database: Queryable, sessionId: string): Promise<string | null> {
  const session = await database.session.findUnique({
    where: { id: sessionId },
    select: { activeOrganizationId: true },
  });
  return session?.activeOrganizationId ?? null;
}

export async function updateActiveTeam(
  database: Queryable,
  change: { readonly sessionId: string; readonly organizationId: string },
): Promise<void> {
  await database.session.updateMany({
    where: { id: change.sessionId },
    data: { activeOrganizationId: change.organizationId },
  });
}
