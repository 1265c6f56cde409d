import type { Queryable } from '../../../prisma/client.ts';
import { type ContentHash, contentHashSchema } from '../../../shared/document/schema.ts';

/** Those of `hashes` that the team has, with what is known of each. */
export async function selectAssets(
  database: Queryable,
  where: { readonly organizationId: string; readonly hashes: readonly ContentHash[] },
) {
  const rows = await database.asset.findMany({
    where: { organizationId: where.organizationId, hash: { in: [...where.hashes] } },
    select: { hash: true, mediaType: true, bytes: true, width: true, height: true },
  });
  return rows.map((row) => ({ ...row, hash: contentHashSchema.parse(row.hash) }));
}

export interface NewAsset {
  readonly organizationId: string;
  readonly hash: ContentHash;
  readonly kind: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly createdById: string;
}

/** Records that a team has a file. The same file twice is one row. */
export async function insertAsset(database: Queryable, asset: NewAsset): Promise<void> {
  const { organizationId, hash } = asset;
  await database.asset.upsert({
    where: { organizationId_hash: { organizationId, hash } },
    create: asset,
    update: {},
  });
}

/** Those of `hashes` that no team has a row for. */
export async function selectOrphans(
  database: Queryable,
  hashes: readonly ContentHash[],
): Promise<readonly ContentHash[]> {
  const rows = await database.asset.findMany({
    where: { hash: { in: [...hashes] } },
    distinct: ['hash'],
    select: { hash: true },
  });
  const kept = new Set(rows.map((row) => row.hash));
  return hashes.filter((hash) => !kept.has(hash));
}
