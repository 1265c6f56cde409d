import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from './errors.ts';

/** The folders inside GESSO_HOME. */
export interface Home {
  readonly folder: string;
  readonly postgres: string;
  readonly assets: string;
  readonly models: string;
  readonly logs: string;
}

/** Where things are kept under `gessoHome`, as absolute paths. Makes nothing. */
export function homeAt(gessoHome: string): Home {
  const folder = resolve(gessoHome);
  return {
    folder,
    postgres: join(folder, 'postgres'),
    assets: join(folder, 'assets'),
    models: join(folder, 'models'),
    logs: join(folder, 'logs'),
  };
}

/** Makes the folders. `out_of_space` or `unavailable` with a fix when that is impossible. */
export async function prepareHome(home: Home): Promise<void> {
  try {
    for (const folder of [home.folder, home.assets, home.models, home.logs])
      await mkdir(folder, { recursive: true });
  } catch (cause) {
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw new AppError(full ? 'out_of_space' : 'unavailable', `Gesso cannot write to ${home.folder}.`, {
      fix: full
        ? 'Free some space on that disk.'
        : 'Make the folder writable, or point GESSO_HOME at one that is.',
      cause,
    });
  }
}

/**
 * The installation's secret: 256 random bits as hex, made at first use and readable by its owner alone. Everything that
 * is signed (sessions, asset links) hangs on it, so deleting the file signs everybody out.
 */
export async function readSecret(home: Home): Promise<string> {
  const file = join(home.folder, 'secret');
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(randomBytes(32).toString('hex'));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret.length < 32) {
    throw new AppError('unavailable', `The file ${file} does not hold a secret.`, {
      fix: 'Delete it and start again; everybody signs in anew.',
    });
  }
  return secret;
}
