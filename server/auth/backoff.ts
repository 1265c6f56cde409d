import { createHash } from 'node:crypto';
import type { Queryable } from '../../prisma/client.ts';

/**
 * Back-off per account, so that a thousand addresses cannot guess one password. The first five attempts are free; from
 * then on the account waits 1, 2, 4, 8 and then 15 minutes after each, which leaves at most nine evaluated attempts in
 * any 15 minutes. A quarter of an hour without an attempt, or the right password, forgives all.
 */
const freeAttempts = 5;
const longestWaitMs = 15 * 60_000;

export type AttemptVerdict =
  | { readonly kind: 'evaluate' }
  /** Not even looked at, however right the password is. */
  | { readonly kind: 'wait'; readonly seconds: number };

/**
 * Counts an attempt against the account BEFORE its password is looked at, in one statement, so that many attempts at
 * once cannot pass together. Accounts that do not exist are counted the same, so the answer tells nothing.
 */
export async function reserveAttempt(database: Queryable, email: string, now: Date): Promise<AttemptVerdict> {
  const key = accountKey(email);
  const forgiven = new Date(now.getTime() - longestWaitMs);
  const rows = await database.$queryRaw<{ failures: number }[]>`
    insert into sign_in_attempt as kept ("accountKey", failures, "blockedUntil", "lastFailedAt")
    values (${key}, 1, null, ${now})
    on conflict ("accountKey") do update set
      failures = case when kept."lastFailedAt" <= ${forgiven} then 1 else kept.failures + 1 end,
      "blockedUntil" = case
        when kept."lastFailedAt" <= ${forgiven} or kept.failures + 1 < ${freeAttempts} then null
        else ${now}::timestamp + least(
          interval '1 minute' * power(2, least(kept.failures + 1 - ${freeAttempts}::int, 10)),
          interval '15 minutes')
      end,
      "lastFailedAt" = ${now}
    where kept."blockedUntil" is null or kept."blockedUntil" <= ${now}
    returning failures`;
  if (rows.length > 0) return { kind: 'evaluate' };
  const row = await database.signInAttempt.findUnique({ where: { accountKey: key } });
  const until = row?.blockedUntil?.getTime() ?? now.getTime();
  return { kind: 'wait', seconds: Math.max(1, Math.ceil((until - now.getTime()) / 1000)) };
}

/** Forgives the account after a right password. */
export async function forgetAttempts(database: Queryable, email: string): Promise<void> {
  await database.signInAttempt.deleteMany({ where: { accountKey: accountKey(email) } });
}

/** Removes what is too old to count, so that made-up addresses do not fill the table. */
export async function sweepAttempts(database: Queryable, now: Date): Promise<number> {
  const old = new Date(now.getTime() - 2 * longestWaitMs);
  const { count } = await database.signInAttempt.deleteMany({ where: { lastFailedAt: { lt: old } } });
  return count;
}

/** The table holds hashes, so that it is no list of addresses. */
function accountKey(email: string): string {
  return createHash('sha256').update(email.trim().toLowerCase()).digest('hex');
}
