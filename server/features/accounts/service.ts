import type { Queryable } from '../../../prisma/client.ts';
import { updateUserName } from './repo.ts';

/** Changes the name that others see. */
export async function renameAccount(
  database: Queryable,
  change: { readonly userId: string; readonly name: string },
): Promise<void> {
  await updateUserName(database, change);
}
