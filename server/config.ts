import { type Env, portsOf } from '../platform/env.ts';

/** Where the parts of this installation are, for people and for processes. */
export interface Addresses {
  /** What people type into the browser, without a slash at the end. */
  readonly webUrl: string;
  /** What the browser opens its socket to (ws: or wss:), without a slash at the end. */
  readonly collabUrl: string;
  /** Origins whose pages may post to us and open sockets. */
  readonly origins: readonly string[];
  readonly databaseUrl: string;
}

/** Reads the addresses from the environment; what is not named follows from PORT on this machine. */
export function addressesOf(env: Env): Addresses {
  const ports = portsOf(env);
  const web = new URL(env.GESSO_URL ?? `http://localhost:${ports.web}`);
  const collab =
    env.COLLAB_URL ?? `${web.protocol === 'https:' ? 'wss' : 'ws'}://${web.hostname}:${ports.collab}`;
  return {
    webUrl: web.origin,
    collabUrl: collab.replace(/\/+$/, ''),
    origins: spellingsOf(web),
    databaseUrl: env.DATABASE_URL ?? `postgresql://gesso@127.0.0.1:${ports.postgres}/gesso`,
  };
}

/** The two spellings of this machine are one place, so people may type either. */
function spellingsOf(web: URL): readonly string[] {
  if (web.hostname !== 'localhost' && web.hostname !== '127.0.0.1') return [web.origin];
  const port = web.port === '' ? '' : `:${web.port}`;
  return ['localhost', '127.0.0.1'].map((host) => `${web.protocol}//${host}${port}`);
}
