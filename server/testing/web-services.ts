import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { createLog } from '../../platform/log.ts';
import { createDiskStore } from '../../platform/storage/disk.ts';
import { createTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { createAuth } from '../auth/auth.ts';
import type { WebServices } from '../context.ts';
import { createAssetLinks } from '../features/assets/links.ts';
import { closeEventHubs } from '../features/generations/event-hub.ts';
import { closeQueueClients } from '../features/generations/queue-client.ts';
import type { RequestLimits } from '../http/rate-limit.ts';

export interface TestWeb {
  readonly services: WebServices;
  readonly test: TestDatabase;
  /** Signs up a new person and returns who they are and the cookie header of their session. */
  signUp(name: string): Promise<TestPerson>;
  close(): Promise<void>;
}

export interface TestPerson {
  readonly userId: string;
  readonly sessionId: string;
  readonly email: string;
  readonly cookie: string;
}

export const testOrigin = 'http://localhost:4399';
export const testPassword = 'correct horse battery';

/** Tests ask for more in a second than anybody's hands. */
const noLimits: RequestLimits = {
  mutations: { take: () => undefined },
  uploads: { take: () => undefined },
};

/** The web process' services on a real database, a real folder and real sessions, without the HTTP server around. */
export async function openTestWeb(clock: Clock = systemClock, limits = noLimits): Promise<TestWeb> {
  const test = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'gesso-web-'));
  const log = createLog('test');
  log.level = 'silent';
  const { database } = test;
  const auth = createAuth({
    database,
    secret: randomBytes(32).toString('hex'),
    webUrl: testOrigin,
    trustedOrigins: [testOrigin],
    clock,
    log,
  });
  const services: WebServices = {
    addresses: {
      webUrl: testOrigin,
      collabUrl: 'ws://localhost:4398',
      origins: [testOrigin],
      databaseUrl: test.url,
    },
    database,
    storage: createDiskStore(folder),
    assetLinks: createAssetLinks(randomBytes(32), clock),
    auth,
    clock,
    limits,
    log,
  };
  let people = 0;
  return {
    services,
    test,
    signUp: async (name) => {
      people += 1;
      const email = `person-${people}@example.org`;
      const { headers, response } = await auth.api.signUpEmail({
        body: { name, email, password: testPassword },
        returnHeaders: true,
      });
      const session = await database.session.findFirstOrThrow({ where: { userId: response.user.id } });
      return { userId: response.user.id, sessionId: session.id, email, cookie: cookieOf(headers) };
    },
    close: async () => {
      await closeEventHubs();
      await closeQueueClients();
      await test.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The Cookie header that sends back what `headers` set. */
export function cookieOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
}
