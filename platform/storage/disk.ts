import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ContentHash, contentHashSchema } from '../../shared/document/schema.ts';
import { toAppError } from '../errors.ts';
import { type AssetStore, hashBytes, type StoredFile } from './port.ts';
import { changedBytes, missingFile, wrongHash } from './problems.ts';

/** What the disk store does to files, so that a test can make a disk full at any step. */
export interface DiskWriter {
  /** Writes all of `bytes` to a new file at `path` and waits until the disk has them. */
  writeDurably(path: string, bytes: Uint8Array): Promise<void>;
}

const realWriter: DiskWriter = {
  async writeDurably(path, bytes) {
    const file = await open(path, 'wx', 0o640);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
};

/** Drafts older than this belong to a process that died; the next `list` removes them. */
const abandonedMs = 60 * 60_000;

/**
 * A store in a folder: `ab/abcd…` by the first two digits of the hash. A file is written to a draft beside its place,
 * synced, renamed and its folder synced, so that a crash at any moment leaves the whole file or none.
 */
export function createDiskStore(folder: string, writer: DiskWriter = realWriter): AssetStore {
  const drafts = join(folder, 'drafts');

  /** Parsed again here, since this is the one place where a hash becomes a path. */
  function pathOf(hash: ContentHash): string {
    const safe = contentHashSchema.parse(hash);
    return join(folder, safe.slice(0, 2), safe);
  }

  async function has(hash: ContentHash): Promise<boolean> {
    return access(pathOf(hash)).then(
      () => true,
      () => false,
    );
  }

  return {
    has,
    async put(hash, bytes) {
      if (hashBytes(bytes) !== hash) throw wrongHash(hash);
      const path = pathOf(hash);
      if (await touch(path)) return;
      const draft = join(drafts, `${hash}.${randomBytes(6).toString('hex')}`);
      try {
        await mkdir(drafts, { recursive: true });
        await mkdir(dirname(path), { recursive: true });
        await writer.writeDurably(draft, bytes);
        await rename(draft, path);
        await syncFolder(dirname(path));
      } catch (error) {
        await rm(draft, { force: true });
        throw toAppError(error);
      }
    },
    async get(hash) {
      const bytes = await readWithoutFollowing(pathOf(hash));
      if (bytes === null) throw missingFile(hash);
      if (hashBytes(bytes) !== hash) throw changedBytes(hash);
      return bytes;
    },
    async remove(hash) {
      await rm(pathOf(hash), { force: true });
    },
    async *list() {
      await removeAbandoned(drafts);
      for (const shelf of await namesIn(folder)) {
        if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
        for (const name of await namesIn(join(folder, shelf))) {
          const file = await describe(join(folder, shelf), name);
          if (file !== null) yield file;
        }
      }
    },
  };
}

/** Makes a file that is there as young as a new one, so that a sweep under way leaves it; false when there is none. */
async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

async function describe(shelf: string, name: string): Promise<StoredFile | null> {
  const hash = contentHashSchema.safeParse(name);
  if (!hash.success) return null;
  const found = await stat(join(shelf, name)).catch(() => null);
  return found === null ? null : { hash: hash.data, bytes: found.size, storedAt: found.mtime };
}

/** Null when there is no such file. A link in place of a file is refused by the system (ELOOP). */
async function readWithoutFollowing(path: string): Promise<Buffer | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function removeAbandoned(drafts: string): Promise<void> {
  for (const name of await namesIn(drafts)) {
    const path = join(drafts, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > abandonedMs) await rm(path, { force: true });
  }
}
