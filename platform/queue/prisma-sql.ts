import { fromPrisma, type PrismaTransactionLike } from 'pg-boss';
import type { Database, Transaction as PrismaTransaction } from '../../prisma/client.ts';
import { announcerOf } from './announcer.ts';
import type { Message } from './notify.ts';
import type { SqlExecutor, Transaction } from './sql.ts';

/** The queue's statements on a Prisma client or inside its transaction. */
export function onPrisma(database: PrismaTransactionLike): SqlExecutor {
  return fromPrisma(database);
}

/** `transact` for Prisma: `work` gets the transaction both as Prisma's and as the queue's. */
export async function transactPrisma<T>(
  database: Database,
  work: (tx: PrismaTransaction, sql: Transaction) => Promise<T>,
  limits: { readonly timeout?: number; readonly maxWait?: number } = {},
): Promise<T> {
  const messages: Message[] = [];
  const result = await database.$transaction(
    (tx) => work(tx, { ...onPrisma(tx), announce: (more) => messages.push(...more) }),
    limits,
  );
  const announcer = announcerOf(database);
  announcer.add(messages);
  void announcer.flush(onPrisma(database));
  return result;
}
