import type { Queryable } from '../../../prisma/client.ts';

export async function updateUserName(
  database: Queryable,
  change: { readonly userId: string; readonly name: string },
): Promise<void> {
  await database.user.update({ where: { id: change.userId }, data: { name: change.name } });
}
