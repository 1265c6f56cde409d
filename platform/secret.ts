import { hkdfSync } from 'node:crypto';
import type { Env } from './env.ts';
import { homeAt, prepareHome, readSecret } from './home.ts';

/** The secret that signs everything: GESSO_SECRET, or the one kept in GESSO_HOME, made when it is missing. */
export async function loadSecret(env: Pick<Env, 'GESSO_HOME' | 'GESSO_SECRET'>): Promise<string> {
  if (env.GESSO_SECRET !== undefined) return env.GESSO_SECRET;
  const home = homeAt(env.GESSO_HOME);
  await prepareHome(home);
  return readSecret(home);
}

/** 32 bytes for one purpose, so that no key is ever used for two things (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'gesso', purpose, 32));
}
