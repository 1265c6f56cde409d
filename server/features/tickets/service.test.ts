import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../platform/testing/database.ts';
import { issueTicket, redeemTicket, sweepTickets, ticketSeconds } from './service.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

const grant = { canvasId: 'c', userId: 'u', sessionId: 's' };

test('a ticket works once and says what it was for', async () => {
  const { ticket, expiresAt } = await issueTicket(db.database, grant);
  expect(expiresAt.getTime() - Date.now()).toBeGreaterThan((ticketSeconds - 30) * 1000);
  expect(await redeemTicket(db.database, ticket)).toEqual(grant);
  expect(await redeemTicket(db.database, ticket)).toBeNull();
});

test('of many that redeem one ticket at once, one wins', async () => {
  const { ticket } = await issueTicket(db.database, grant);
  const answers = await Promise.all(Array.from({ length: 8 }, () => redeemTicket(db.database, ticket)));
  expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
});

test('the database keeps no ticket that could be replayed', async () => {
  const { ticket } = await issueTicket(db.database, grant);
  const stored = await db.database.collabTicket.findMany();
  expect(stored.some((row) => row.tokenHash.includes(ticket))).toBe(false);
  expect(stored.every((row) => /^[0-9a-f]{64}$/.test(row.tokenHash))).toBe(true);
});

test('an expired ticket is refused and swept', async () => {
  const { ticket } = await issueTicket(db.database, grant);
  await db.database.$executeRaw`update collab_ticket set "expiresAt" = "expiresAt" - interval '10 minutes'`;
  expect(await redeemTicket(db.database, ticket)).toBeNull();
  expect(await sweepTickets(db.database)).toBeGreaterThan(0);
});

test.each(['', 'x', 'a'.repeat(43), `${'a'.repeat(42)}\u0000`, '../../etc/passwd'])(
  'what is no ticket (%j) is refused',
  async (text) => {
    expect(await redeemTicket(db.database, text)).toBeNull();
  },
);
