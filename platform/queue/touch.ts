import type { PgBoss } from 'pg-boss';
import type pg from 'pg';
import { affectedBy, bossAttempt, type Claim } from './boss.ts';
import { onPool } from './sql.ts';

/** Says that an attempt is still being worked on. Returns false when it is no longer ours: cancelled, lost or run again. */
export async function touchClaim(boss: PgBoss, pool: pg.Pool, claim: Claim): Promise<boolean> {
  return affectedBy(await boss.touch(claim.queue, bossAttempt(claim), { db: onPool(pool) })) === 1;
}
