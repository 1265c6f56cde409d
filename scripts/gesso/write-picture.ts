import { rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from './run-command.ts';

/** Throws UsageError when a file cannot lie there: before the work, not after it. */
export async function checkFolder(out: string): Promise<void> {
  const folder = dirname(resolve(out));
  const info = await stat(folder).catch(() => null);
  if (info === null || !info.isDirectory()) {
    throw new UsageError(`There is no folder ${folder}; create it first.`);
  }
  if ((await stat(out).catch(() => null))?.isDirectory() === true) {
    throw new UsageError(`${out} is a folder; name a file in it.`);
  }
}

/** Writes beside the target and renames, so that a reader never sees half a picture. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const partial = `${file}.${process.pid}.part`;
  try {
    await writeFile(partial, bytes, { flag: 'wx' });
    await rename(partial, file);
  } catch (error) {
    await unlink(partial).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot write ${file}: ${reason}`);
  }
}
