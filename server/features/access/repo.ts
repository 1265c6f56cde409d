import type { Queryable } from '../../../prisma/client.ts';
import { accessChangedChannel, sessionEndedChannel } from '../../../shared/contracts/generation.ts';

/** The stored role of a member, or null for who is not one. */
export async function selectMemberRole(
  database: Queryable,
  where: { readonly userId: string; readonly organizationId: string },
): Promise<string | null> {
  const { userId, organizationId } = where;
  const member = await database.member.findUnique({
    where: { organizationId_userId: { organizationId, userId } },
    select: { role: true },
  });
  return member?.role ?? null;
}

/** A canvas whose team has `userId` as a member, with that member's stored role. */
export function selectCanvasOfMember(
  database: Queryable,
  where: { readonly userId: string; readonly canvasId: string },
) {
  return database.canvas.findFirst({
    where: { id: where.canvasId, project: memberOf(where.userId) },
    select: {
      id: true,
      name: true,
      epoch: true,
      deletedAt: true,
      project: { select: { id: true, deletedAt: true, organization: teamWithRole(where.userId) } },
    },
  });
}

/** A project whose team has `userId` as a member, with that member's stored role. */
export function selectProjectOfMember(
  database: Queryable,
  where: { readonly userId: string; readonly projectId: string },
) {
  return database.project.findFirst({
    where: { id: where.projectId, ...memberOf(where.userId) },
    select: { id: true, name: true, deletedAt: true, organization: teamWithRole(where.userId) },
  });
}

/** A generation whose team has `userId` as a member, with that member's stored role. */
export function selectGenerationOfMember(
  database: Queryable,
  where: { readonly userId: string; readonly generationId: string },
) {
  return database.generation.findFirst({
    where: { id: where.generationId, ...memberOf(where.userId) },
    select: { id: true, canvasId: true, requestedById: true, organization: teamWithRole(where.userId) },
  });
}

function memberOf(userId: string) {
  return { organization: { members: { some: { userId } } } };
}

function teamWithRole(userId: string) {
  return { select: { id: true, members: { where: { userId }, select: { role: true } } } };
}

export async function selectMemberIds(
  database: Queryable,
  organizationId: string,
): Promise<readonly string[]> {
  const rows = await database.member.findMany({ where: { organizationId }, select: { userId: true } });
  return rows.map((row) => row.userId);
}

export async function notifySessionEnded(database: Queryable): Promise<void> {
  await database.$executeRaw`select pg_notify(${sessionEndedChannel}, '')`;
}

/** One NOTIFY for each change, sent by Postgres when the transaction commits. */
export async function notifyAccessChanged(
  transaction: Queryable,
  changes: readonly { readonly organizationId: string; readonly userId: string }[],
): Promise<void> {
  const payloads = changes.map((change) => JSON.stringify(change));
  await transaction.$executeRaw`
    select pg_notify(${accessChangedChannel}, payload) from unnest(${payloads}::text[]) as payload`;
}
