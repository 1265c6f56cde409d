import { createHash, randomBytes } from 'node:crypto';
import type { Queryable } from '../../../prisma/client.ts';
import { deleteExpiredTickets, insertTicket, type TicketGrant, takeTicket } from './repo.ts';

export type { TicketGrant } from './repo.ts';

/** How long a ticket may wait for its socket. */
export const ticketSeconds = 60;

export interface IssuedTicket {
  /** 256 random bits, base64url. Shown once; the database keeps its SHA-256. */
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * A single-use permission to open the socket of one canvas. The caller has checked that the user may see the canvas;
 * the collab server checks again when the ticket is redeemed.
 */
export async function issueTicket(database: Queryable, grant: TicketGrant): Promise<IssuedTicket> {
  const ticket = randomBytes(32).toString('base64url');
  const { canvasId, userId, sessionId } = grant;
  const expiresAt = await insertTicket(database, {
    canvasId,
    userId,
    sessionId,
    tokenHash: hashTicket(ticket),
    seconds: ticketSeconds,
  });
  return { ticket, expiresAt };
}

/** Uses `ticket` up and returns what it was for; null for one that is unknown, expired or used. */
export async function redeemTicket(database: Queryable, ticket: string): Promise<TicketGrant | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(ticket)) return null;
  return takeTicket(database, hashTicket(ticket));
}

/** Removes tickets that nobody can use any more; returns how many. */
export function sweepTickets(database: Queryable): Promise<number> {
  return deleteExpiredTickets(database);
}

function hashTicket(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
