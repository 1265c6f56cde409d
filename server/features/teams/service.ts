import { randomBytes } from 'node:crypto';
import { AppError } from '../../../platform/errors.ts';
import type { Database, Queryable, Transaction } from '../../../prisma/client.ts';
import { type Role, roleSchema } from '../../../shared/contracts/generation.ts';
import { announceAccessChange, findTeamRole } from '../access/service.ts';
import { recordAudit } from '../audit/service.ts';
import { keepsAnOwner } from './policy.ts';
import {
  countOwners,
  deleteMember,
  insertMember,
  insertTeam,
  lockTeam,
  selectActiveTeam,
  selectMembers,
  selectTeamsOf,
  updateActiveTeam,
  updateRole,
  updateTeamName,
} from './repo.ts';

export interface Team {
  readonly id: string;
  readonly name: string;
  /** The role of the one who asks. */
  readonly role: Role;
}

export interface TeamMember {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly joinedAt: Date;
}

interface Change {
  readonly organizationId: string;
  /** Who does it. */
  readonly actorId: string;
}

/** Makes a team whose only member and owner is `actorId`; returns its id. */
export async function createTeam(
  transaction: Transaction,
  team: { readonly name: string; readonly actorId: string },
): Promise<string> {
  const { name, actorId } = team;
  const organizationId = await insertTeam(transaction, { name, slug: slugOf(name), ownerId: actorId });
  await recordAudit(transaction, { organizationId, actorId, action: 'team.created', subject: { name } });
  return organizationId;
}

/** The teams of a person, the oldest membership first. */
export async function listTeams(database: Queryable, userId: string): Promise<readonly Team[]> {
  const rows = await selectTeamsOf(database, userId);
  return rows.flatMap(({ role, organization }) => {
    const parsed = roleSchema.safeParse(role);
    return parsed.success ? [{ ...organization, role: parsed.data }] : [];
  });
}

/** The team that a session last chose, else the person's first, else null: then there is a first question to ask. */
export async function currentTeam(
  database: Queryable,
  who: { readonly userId: string; readonly sessionId: string },
): Promise<Team | null> {
  const teams = await listTeams(database, who.userId);
  const chosen = await selectActiveTeam(database, who.sessionId);
  return teams.find((team) => team.id === chosen) ?? teams[0] ?? null;
}

/** Remembers which team a session looks at. */
export async function chooseTeam(
  database: Queryable,
  choice: { readonly sessionId: string; readonly organizationId: string },
): Promise<void> {
  await updateActiveTeam(database, choice);
}

export async function renameTeam(
  database: Database,
  change: Change & { readonly name: string },
): Promise<void> {
  const { organizationId, actorId, name } = change;
  await database.$transaction(async (transaction) => {
    await updateTeamName(transaction, { organizationId, name });
    await recordAudit(transaction, { organizationId, actorId, action: 'team.renamed', subject: { name } });
  });
}

export async function listMembers(
  database: Queryable,
  organizationId: string,
): Promise<readonly TeamMember[]> {
  const rows = await selectMembers(database, organizationId);
  return rows.flatMap(({ role, createdAt, user }) => {
    const parsed = roleSchema.safeParse(role);
    if (!parsed.success) return [];
    return [{ userId: user.id, name: user.name, email: user.email, role: parsed.data, joinedAt: createdAt }];
  });
}

/** Adds a member who was invited. The caller has made sure that there is no such member yet. */
export async function addMember(
  transaction: Transaction,
  member: { readonly organizationId: string; readonly userId: string; readonly role: Role },
): Promise<void> {
  const { organizationId, userId, role } = member;
  await insertMember(transaction, member);
  await recordAudit(transaction, {
    organizationId,
    actorId: userId,
    action: 'member.joined',
    subject: { userId, role },
  });
  await announceAccessChange(transaction, { organizationId, userId });
}

/**
 * Gives a member another role. Errors: `not_found` for who is not a member; `conflict` when it is the last owner's.
 */
export async function setRole(
  database: Database,
  change: Change & { readonly userId: string; readonly role: Role },
): Promise<void> {
  const { organizationId, actorId, userId, role } = change;
  await changeMembership(database, { organizationId, userId, next: role }, async (transaction, held) => {
    await updateRole(transaction, { organizationId, userId, role });
    await recordAudit(transaction, {
      organizationId,
      actorId,
      action: 'member.role-changed',
      subject: { userId, from: held, to: role },
    });
  });
}

/** Ends a membership, one's own or another's. Errors as for setRole. */
export async function removeMember(
  database: Database,
  change: Change & { readonly userId: string },
): Promise<void> {
  const { organizationId, actorId, userId } = change;
  await changeMembership(database, { organizationId, userId, next: null }, async (transaction, held) => {
    await deleteMember(transaction, { organizationId, userId });
    await recordAudit(transaction, {
      organizationId,
      actorId,
      action: actorId === userId ? 'member.left' : 'member.removed',
      subject: { userId, role: held },
    });
  });
}

async function changeMembership(
  database: Database,
  change: { readonly organizationId: string; readonly userId: string; readonly next: Role | null },
  apply: (transaction: Transaction, held: Role) => Promise<void>,
): Promise<void> {
  const { organizationId, userId, next } = change;
  await database.$transaction(async (transaction) => {
    // Two owners who demote each other at once would otherwise leave none.
    await lockTeam(transaction, organizationId);
    const held = await findTeamRole(transaction, { organizationId, userId });
    if (held === null) throw new AppError('not_found', 'This person is not in the team.');
    const owners = await countOwners(transaction, organizationId);
    if (!keepsAnOwner({ held, next, owners })) {
      throw new AppError('conflict', 'A team needs at least one owner.', {
        fix: 'Make somebody else an owner first.',
      });
    }
    await apply(transaction, held);
    await announceAccessChange(transaction, { organizationId, userId });
  });
}

/** A readable part and a random one, since two teams may have one name. */
function slugOf(name: string): string {
  const readable = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${readable === '' ? 'team' : readable}-${randomBytes(4).toString('hex')}`;
}
