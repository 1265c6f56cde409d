import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackFile } from './manifest.ts';
import { PackError } from './pack-error.ts';

/**
 * Returns the size of a regular file inside a folder, refusing links on the way to it.
 *
 * `relativePath` has forward slashes. A link could point anywhere, also after it was checked, so none is followed.
 * Throws PackError `damaged` when it is missing, `unsafe` when it or a folder above it is not what it seems.
 */
export async function statPackFile(folder: string, relativePath: string): Promise<number> {
  const parts = relativePath.split('/');
  let current = folder;
  for (const [index, part] of parts.entries()) {
    current = join(current, part);
    const info = await lstat(current).catch(() => null);
    if (info === null) {
      throw new PackError('damaged', `${relativePath} is missing in ${folder}`);
    }
    const last = index === parts.length - 1;
    if (info.isSymbolicLink() || (last ? !info.isFile() : !info.isDirectory())) {
      const kind = info.isSymbolicLink() ? 'a link' : 'not a regular file';
      throw new PackError('unsafe', `${parts.slice(0, index + 1).join('/')} in ${folder} is ${kind}`);
    }
    if (last) {
      return info.size;
    }
  }
  throw new PackError('invalid-manifest', 'an empty path names no file');
}

/** Returns the SHA-256 of a file as lower-case hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Checks size and hash of one listed file. Throws PackError `damaged` naming what differs. */
export async function verifyPackFile(folder: string, expected: PackFile): Promise<void> {
  const size = await statPackFile(folder, expected.file);
  if (size !== expected.bytes) {
    throw new PackError(
      'damaged',
      `${expected.file} is ${size} bytes, but model.json says ${expected.bytes}`,
    );
  }
  const sha256 = await hashFile(join(folder, expected.file));
  if (sha256 !== expected.sha256) {
    throw new PackError('damaged', `${expected.file} has changed: its SHA-256 is not the one in model.json`);
  }
}
