import { fromPrisma, type PrismaTransactionLike } from 'pg-boss';
import type { SqlExecutor } from './sql.ts';

/** The queue's statements on a Prisma client or inside its transaction. */
export function onPrisma(database: PrismaTransactionLike): SqlExecutor {
  return fromPrisma(database);
}
