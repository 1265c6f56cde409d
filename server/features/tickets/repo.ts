import type { Queryable } from '../../../prisma/client.ts';

export interface TicketGrant {
  readonly canvasId: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** Stores a ticket that expires `seconds` from now by the database's clock; returns that moment. */
export async function insertTicket(
  database: Queryable,
  ticket: TicketGrant & { readonly tokenHash: string; readonly seconds: number },
): Promise<Date> {
  const rows = await database.$queryRaw<{ expiresAt: Date }[]>`
    insert into collab_ticket ("tokenHash", "canvasId", "userId", "sessionId", "expiresAt")
    values (${ticket.tokenHash}, ${ticket.canvasId}, ${ticket.userId}, ${ticket.sessionId},
            timezone('utc', now()) + make_interval(secs => ${ticket.seconds}))
    returning "expiresAt"`;
  const row = rows[0];
  if (row === undefined) throw new Error('insert returned no ticket');
  return row.expiresAt;
}

/** Uses a ticket up. Null when it does not exist, has expired, or was used before: one statement, so only one caller wins. */
export async function takeTicket(database: Queryable, tokenHash: string): Promise<TicketGrant | null> {
  const rows = await database.$queryRaw<TicketGrant[]>`
    update collab_ticket set "usedAt" = timezone('utc', now())
    where "tokenHash" = ${tokenHash} and "usedAt" is null and "expiresAt" > timezone('utc', now())
    returning "canvasId", "userId", "sessionId"`;
  return rows[0] ?? null;
}

/** Deletes tickets that expired more than a minute ago; returns how many. */
export function deleteExpiredTickets(database: Queryable): Promise<number> {
  return database.$executeRaw`
    delete from collab_ticket where "expiresAt" < timezone('utc', now()) - interval '1 minute'`;
}
