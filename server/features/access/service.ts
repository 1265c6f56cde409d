import type { Queryable } from '../../../prisma/client.ts';
import { type Role, roleSchema } from '../../../shared/contracts/generation.ts';
import {
  notifyAccessChanged,
  notifySessionEnded,
  selectCanvasOfMember,
  selectGenerationOfMember,
  selectMemberIds,
  selectMemberRole,
  selectProjectOfMember,
} from './repo.ts';

export interface CanvasAccess {
  readonly role: Role;
  readonly organizationId: string;
  readonly projectId: string;
  readonly canvas: { readonly id: string; readonly name: string; readonly epoch: number };
  /** The canvas, or the project it is in, lies in the trash. */
  readonly trashed: boolean;
}

export interface ProjectAccess {
  readonly role: Role;
  readonly organizationId: string;
  readonly project: { readonly id: string; readonly name: string };
  readonly trashed: boolean;
}

export interface GenerationAccess {
  readonly role: Role;
  readonly organizationId: string;
  readonly generation: {
    readonly id: string;
    readonly canvasId: string | null;
    readonly requestedById: string;
  };
}

/** The role of `userId` in a team, or null for who is not a member (or when there is no such team). */
export async function findTeamRole(
  database: Queryable,
  where: { readonly userId: string; readonly organizationId: string },
): Promise<Role | null> {
  return parseRole(await selectMemberRole(database, where));
}

/**
 * What `userId` may do with a canvas that is not in the trash. Null when there is no such canvas or it is not theirs:
 * the two are one answer everywhere.
 */
export async function findCanvasAccess(
  database: Queryable,
  where: { readonly userId: string; readonly canvasId: string },
): Promise<CanvasAccess | null> {
  const access = await findCanvasAccessInTrash(database, where);
  return access === null || access.trashed ? null : access;
}

/** As findCanvasAccess, for what must reach into the trash as well: restoring. */
export async function findCanvasAccessInTrash(
  database: Queryable,
  where: { readonly userId: string; readonly canvasId: string },
): Promise<CanvasAccess | null> {
  const found = await selectCanvasOfMember(database, where);
  if (found === null) return null;
  const { id, name, epoch, project } = found;
  const role = parseRole(project.organization.members[0]?.role);
  if (role === null) return null;
  return {
    role,
    organizationId: project.organization.id,
    projectId: project.id,
    canvas: { id, name, epoch },
    trashed: found.deletedAt !== null || project.deletedAt !== null,
  };
}

/** What `userId` may do with a project, in the trash or not; null when it is not theirs or does not exist. */
export async function findProjectAccess(
  database: Queryable,
  where: { readonly userId: string; readonly projectId: string },
): Promise<ProjectAccess | null> {
  const found = await selectProjectOfMember(database, where);
  const role = parseRole(found?.organization.members[0]?.role);
  if (found === null || role === null) return null;
  const { id, name } = found;
  return {
    role,
    organizationId: found.organization.id,
    project: { id, name },
    trashed: found.deletedAt !== null,
  };
}

/** What `userId` may do with a generation; null when it is not theirs or does not exist. */
export async function findGenerationAccess(
  database: Queryable,
  where: { readonly userId: string; readonly generationId: string },
): Promise<GenerationAccess | null> {
  const found = await selectGenerationOfMember(database, where);
  const role = parseRole(found?.organization.members[0]?.role);
  if (found === null || role === null) return null;
  const { id, canvasId, requestedById } = found;
  return { role, organizationId: found.organization.id, generation: { id, canvasId, requestedById } };
}

/** A stored role that is none of ours gives no access at all. */
function parseRole(stored: string | null | undefined): Role | null {
  const parsed = roleSchema.safeParse(stored);
  return parsed.success ? parsed.data : null;
}

/**
 * Tells every process that what `userId` may do in a team has changed. Part of the transaction that changed it, so it
 * is heard exactly when the change is true; open sockets and streams act on it at once.
 */
export async function announceAccessChange(
  transaction: Queryable,
  change: { readonly organizationId: string; readonly userId: string },
): Promise<void> {
  await notifyAccessChanged(transaction, [change]);
}

/** As announceAccessChange, for everyone in a team: a canvas or a project went to the trash. */
export async function announceTeamAccessChange(
  transaction: Queryable,
  organizationId: string,
): Promise<void> {
  const userIds = await selectMemberIds(transaction, organizationId);
  await notifyAccessChanged(
    transaction,
    userIds.map((userId) => ({ organizationId, userId })),
  );
}

/** Tells every process that a session has ended, so that its open sockets close now and not at the next look. */
export async function announceSessionEnd(database: Queryable): Promise<void> {
  await notifySessionEnded(database);
}
