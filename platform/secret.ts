import { hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env } from './env.ts';
import { AppError } from './errors.ts';

/**
 * The secret that signs everything: GESSO_SECRET, or the one in GESSO_HOME/secret, which is made when it is missing.
 * Every process of one home gets the same, also when several ask first at once.
 */
export async function loadSecret(env: Pick<Env, 'GESSO_HOME' | 'GESSO_SECRET'>): Promise<string> {
  if (env.GESSO_SECRET !== undefined) return env.GESSO_SECRET;
  const path = join(env.GESSO_HOME, 'secret');
  const kept = await readSecret(path);
  if (kept !== null) return kept;
  await mkdir(env.GESSO_HOME, { recursive: true });
  // Written whole beside its place, then linked: who loses the race finds a complete file and uses that one.
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readSecret(path)) ?? loadSecret(env);
}

/** 32 bytes for one purpose, so that no key is ever used for two things (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'gesso', purpose, 32));
}

async function readSecret(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const secret = text.trim();
  if (secret.length >= 32) return secret;
  throw new AppError('internal', `The secret in ${path} is shorter than 32 characters.`, {
    fix: 'Restore the file from a backup, or delete it: everyone then signs in again.',
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
