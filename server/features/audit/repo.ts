import type { Prisma, Queryable } from '../../../prisma/client.ts';

export async function insertAuditEvent(
  database: Queryable,
  event: {
    readonly organizationId: string;
    readonly actorId: string | null;
    readonly action: string;
    readonly subject: Prisma.InputJsonObject;
  },
): Promise<void> {
  await database.auditEvent.create({ data: event });
}
