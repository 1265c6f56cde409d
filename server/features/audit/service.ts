import type { Prisma, Queryable } from '../../../prisma/client.ts';
import { insertAuditEvent } from './repo.ts';

export type AuditAction =
  | 'team.created'
  | 'team.renamed'
  | 'member.joined'
  | 'member.role-changed'
  | 'member.removed'
  | 'member.left'
  | 'invitation.created'
  | 'invitation.revoked'
  | 'project.trashed'
  | 'project.restored'
  | 'canvas.trashed'
  | 'canvas.restored';

/** Writes down who did what, in the transaction that did it. `subject` holds ids and names, never secrets. */
export async function recordAudit(
  database: Queryable,
  event: {
    readonly organizationId: string;
    readonly actorId: string | null;
    readonly action: AuditAction;
    readonly subject: Prisma.InputJsonObject;
  },
): Promise<void> {
  await insertAuditEvent(database, event);
}
