import type pg from 'pg';
import { affectedBy, type Boss, bossAttempt, type Claim } from './boss.ts';
import { onPool } from './sql.ts';

/** Says that an attempt is still being worked on. Returns false when it is no longer ours: cancelled, lost or run again. */
export async function touchClaim(boss: Boss, pool: pg.Pool, claim: Claim): Promise<boolean> {
  return affectedBy(await boss.touch(claim.queue, bossAttempt(claim), { db: onPool(pool) })) === 1;
}
