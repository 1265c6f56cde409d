import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

export * from './generated/client.ts';

/** The client outside a transaction. */
export type Database = PrismaClient;

/** What a repository needs: the client itself or the inside of a transaction. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];
export type Queryable = PrismaClient | Transaction;

/** Opens a pool of `connections` (default 10) to `url`. The caller disconnects it. */
export function openDatabase(url: string, connections = 10): Database {
  const adapter = new PrismaPg({ connectionString: url, max: connections });
  return new PrismaClient({ adapter });
}
