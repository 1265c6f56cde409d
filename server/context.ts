import { type Clock, systemClock } from '../platform/clock.ts';
import { readEnv } from '../platform/env.ts';
import { createLog, type Log } from '../platform/log.ts';
import { deriveKey, loadSecret } from '../platform/secret.ts';
import { openAssetStore } from '../platform/storage/open.ts';
import type { AssetStore } from '../platform/storage/port.ts';
import { type Database, openDatabase } from '../prisma/client.ts';
import { type Auth, createAuth } from './auth/auth.ts';
import { type Addresses, addressesOf } from './config.ts';
import { type AssetLinks, createAssetLinks } from './features/assets/links.ts';
import { createRequestLimits, type RequestLimits } from './http/rate-limit.ts';
import type { Context, RequestSession } from './trpc/init.ts';

/** Everything the web process has one of. */
export interface WebServices {
  readonly addresses: Addresses;
  readonly database: Database;
  readonly storage: AssetStore;
  readonly assetLinks: AssetLinks;
  readonly auth: Auth;
  readonly clock: Clock;
  readonly limits: RequestLimits;
  readonly log: Log;
}

declare global {
  // Next reloads modules while one develops and bundles routes apart; the pool of connections must outlive both.
  var gessoServices: Promise<WebServices> | undefined;
}

/** The services of this process, made at the first call. A failed start is tried again at the next call. */
export function webServices(): Promise<WebServices> {
  globalThis.gessoServices ??= openServices().catch((error: unknown) => {
    globalThis.gessoServices = undefined;
    throw error;
  });
  return globalThis.gessoServices;
}

async function openServices(): Promise<WebServices> {
  const env = readEnv();
  const addresses = addressesOf(env);
  const log = createLog('web');
  const clock = systemClock;
  const secret = await loadSecret(env);
  const database = openDatabase(addresses.databaseUrl);
  return {
    addresses,
    database,
    storage: openAssetStore(env),
    assetLinks: createAssetLinks(deriveKey(secret, 'asset links'), clock),
    auth: createAuth({
      database,
      secret: Buffer.from(deriveKey(secret, 'sessions')).toString('base64url'),
      webUrl: addresses.webUrl,
      trustedOrigins: addresses.origins,
      clock,
      log,
    }),
    clock,
    limits: createRequestLimits(clock),
    log,
  };
}

/** The live session that the request's cookie names, or null. Asks the database, so a revoked one is dead at once. */
export async function readSession(auth: Auth, headers: Headers): Promise<RequestSession | null> {
  const found = await auth.api.getSession({ headers, query: { disableRefresh: true } });
  if (found === null) return null;
  const { id, name, email } = found.user;
  return { sessionId: found.session.id, user: { id, name, email } };
}

/** The context of one tRPC request. */
export async function createContext(services: WebServices, headers: Headers): Promise<Context> {
  const { addresses, database, storage, assetLinks, clock, limits, log } = services;
  return {
    database,
    databaseUrl: addresses.databaseUrl,
    storage,
    assetLinks,
    session: await readSession(services.auth, headers),
    clock,
    limits,
    log,
    webUrl: addresses.webUrl,
    collabUrl: addresses.collabUrl,
  };
}

/** 200 when this process and its database answer, else 503 with the reason. */
export async function checkHealth(): Promise<Response> {
  try {
    const { database } = await webServices();
    await database.$queryRaw`select 1`;
    return Response.json({ ok: true });
  } catch {
    return Response.json({ ok: false, message: 'The database does not answer.' }, { status: 503 });
  }
}
