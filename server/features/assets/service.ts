import { AppError } from '../../../platform/errors.ts';
import { type AssetStore, hashBytes } from '../../../platform/storage/port.ts';
import type { Database, Queryable } from '../../../prisma/client.ts';
import { type ContentHash, contentHashSchema } from '../../../shared/document/schema.ts';
import { cleanPicture, makeThumbnail, type UploadKind } from './decode.ts';
import type { AssetLinks, AssetName, AssetVariant } from './links.ts';
import { insertAsset, selectAssets, selectOrphans } from './repo.ts';
import { createThumbnailCache } from './thumbnail-cache.ts';

export type { AssetLinks } from './links.ts';

export interface StoredAsset {
  readonly hash: ContentHash;
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
  /** A signed link, good for some minutes. */
  readonly url: string;
}

/**
 * Cleans an untrusted picture, stores it for a team and records that the team has it. The bytes are durable before the
 * row exists, so no row ever points at nothing. Errors: see cleanPicture; `out_of_space`.
 */
export async function storePicture(
  services: { readonly database: Queryable; readonly storage: AssetStore },
  picture: {
    readonly organizationId: string;
    readonly userId: string;
    readonly kind: UploadKind;
    readonly file: Uint8Array;
  },
): Promise<Omit<StoredAsset, 'url'>> {
  const { organizationId, userId, kind } = picture;
  const { bytes, mediaType, width, height } = await cleanPicture(picture.file, kind);
  const hash = hashBytes(bytes);
  await services.storage.put(hash, bytes);
  await insertAsset(services.database, {
    organizationId,
    hash,
    kind,
    mediaType,
    bytes: bytes.length,
    width,
    height,
    createdById: userId,
  });
  return { hash, mediaType, width, height };
}

/** As storePicture, with a link to it. */
export async function storeUpload(
  services: { readonly database: Database; readonly storage: AssetStore; readonly assetLinks: AssetLinks },
  upload: Parameters<typeof storePicture>[1],
): Promise<StoredAsset> {
  const stored = await storePicture(services, upload);
  const { organizationId } = upload;
  const url = services.assetLinks.sign({ organizationId, hash: stored.hash, variant: 'original' });
  return { ...stored, url };
}

/** Signed links to those of `hashes` that the team has; the others are left out, as if they did not exist. */
export async function signAssets(
  services: { readonly database: Queryable; readonly assetLinks: AssetLinks },
  request: {
    readonly organizationId: string;
    readonly hashes: readonly ContentHash[];
    readonly variant: AssetVariant;
  },
): Promise<Readonly<Record<string, string>>> {
  const { organizationId, variant } = request;
  const found = await selectAssets(services.database, request);
  return Object.fromEntries(
    found.map(({ hash }) => [hash, services.assetLinks.sign({ organizationId, hash, variant })]),
  );
}

/** Type and size of those of `hashes` that the team has. */
export function describeAssets(
  database: Queryable,
  request: { readonly organizationId: string; readonly hashes: readonly ContentHash[] },
) {
  return selectAssets(database, request);
}

/** A link to the small picture of `hash`, or null when there is none. The caller knows that the team has it. */
export function thumbnailUrl(
  links: AssetLinks,
  name: { readonly organizationId: string; readonly hash: string | null },
): string | null {
  const hash = contentHashSchema.safeParse(name.hash);
  if (!hash.success) return null;
  return links.sign({ organizationId: name.organizationId, hash: hash.data, variant: 'thumbnail' });
}

export interface ServedFile {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

const thumbnails = createThumbnailCache(32 * 1024 * 1024);

/**
 * The bytes behind a link whose signature has been verified. Errors: `not_found` when the team no longer has it;
 * `internal` when the stored bytes were damaged.
 */
export async function readAsset(
  services: { readonly database: Queryable; readonly storage: AssetStore },
  name: AssetName,
): Promise<ServedFile> {
  const { organizationId, hash, variant } = name;
  const [asset] = await selectAssets(services.database, { organizationId, hashes: [hash] });
  if (asset === undefined) throw new AppError('not_found', 'This picture is not there any more.');
  if (variant === 'original') return { bytes: await services.storage.get(hash), mediaType: asset.mediaType };
  const bytes = await thumbnails.get(hash, async () => makeThumbnail(await services.storage.get(hash)));
  return { bytes, mediaType: 'image/webp' };
}

/**
 * Removes stored files that no team has a row for and that are older than `minimumAgeMs`, which leaves time for the
 * row of a file just stored. Returns how many went.
 */
export async function sweepAssets(
  services: { readonly database: Queryable; readonly storage: AssetStore },
  options: { readonly now: Date; readonly minimumAgeMs: number },
): Promise<number> {
  const { database, storage } = services;
  const oldest = options.now.getTime() - options.minimumAgeMs;
  let removed = 0;
  for await (const file of storage.list()) {
    if (file.storedAt.getTime() > oldest) continue;
    for (const hash of await selectOrphans(database, [file.hash])) {
      await storage.remove(hash);
      removed += 1;
    }
  }
  return removed;
}
