import { betterAuth } from 'better-auth';
import { prismaAdapter } from 'better-auth/adapters/prisma';
import { APIError, createAuthMiddleware } from 'better-auth/api';
import { organization } from 'better-auth/plugins';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../../prisma/client.ts';
import { announceSessionEnd } from '../features/access/service.ts';
import { nameSchema } from '../names.ts';
import { forgetAttempts, reserveAttempt, sweepAttempts } from './backoff.ts';
import { accessControl, teamRoles } from './roles.ts';

export interface AuthOptions {
  readonly database: Database;
  /** At least 32 characters; signs the session cookies. */
  readonly secret: string;
  /** The address people type. Always set: an unset base address may be chosen by a stranger's request. */
  readonly webUrl: string;
  /** Further origins that may post: the loopback spelling of a local address. */
  readonly trustedOrigins: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

const emailSchema = z.object({ email: z.string().max(320) });
const oneDay = 24 * 60 * 60;

/** better-auth with e-mail and password, and teams as its organizations, over our own tables. */
export function createAuth(options: AuthOptions) {
  const { database, clock, log } = options;
  return betterAuth({
    appName: 'Gesso',
    baseURL: options.webUrl,
    basePath: '/api/auth',
    secret: options.secret,
    trustedOrigins: [...options.trustedOrigins],
    database: prismaAdapter(database, { provider: 'postgresql' }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 8,
      maxPasswordLength: 128,
      autoSignIn: true,
    },
    session: { expiresIn: 30 * oneDay, updateAge: oneDay },
    rateLimit: {
      enabled: true,
      storage: 'database',
      window: 60,
      max: 120,
      customRules: {
        // Per address, and generous, since an office shares one; guessing is stopped per account (backoff.ts).
        '/sign-in/email': { window: 60, max: 20 },
        '/sign-up/email': { window: 60, max: 20 },
        '/get-session': false,
      },
    },
    advanced: {
      cookiePrefix: 'gesso',
      database: { generateId: false },
      // server/web.ts overwrites this header with the socket's address unless a proxy is trusted.
      ipAddress: { ipAddressHeaders: ['x-forwarded-for'] },
    },
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      log: (level, message) => log[level === 'error' ? 'error' : 'debug']({ part: 'auth' }, message),
    },
    databaseHooks: {
      session: { delete: { after: () => announceSessionEnd(database) } },
    },
    hooks: {
      before: createAuthMiddleware(async (context) => {
        if (context.path === '/sign-up/email') refuseBadName(context.body);
        if (context.path !== '/sign-in/email') return;
        const body = emailSchema.safeParse(context.body);
        if (!body.success) return;
        const verdict = await reserveAttempt(database, body.data.email, clock.now());
        if (verdict.kind === 'evaluate') return;
        throw new APIError(
          'TOO_MANY_REQUESTS',
          {
            code: 'ACCOUNT_WAITS',
            message: `Too many wrong passwords for this account. Try again in ${describeWait(verdict.seconds)}.`,
          },
          { 'Retry-After': String(verdict.seconds) },
        );
      }),
      after: createAuthMiddleware(async (context) => {
        if (context.path !== '/sign-in/email' || context.context.newSession === null) return;
        const body = emailSchema.safeParse(context.body);
        if (body.success) await forgetAttempts(database, body.data.email);
        await sweepAttempts(database, clock.now());
      }),
    },
    plugins: [organization({ ac: accessControl, roles: teamRoles, creatorRole: 'owner' })],
  });
}

export type Auth = ReturnType<typeof createAuth>;

/** better-auth takes any text as a name; ours are one line that everybody can read. */
function refuseBadName(body: unknown): void {
  const parsed = z.object({ name: nameSchema, email: z.string().regex(/^[^\p{Cc}]*$/u) }).safeParse(body);
  if (parsed.success) return;
  const issue = parsed.error.issues[0];
  throw new APIError('BAD_REQUEST', {
    code: 'BAD_NAME',
    message: `The ${issue?.path[0] === 'email' ? 'e-mail address' : 'name'} ${issue?.message ?? 'is not valid'}.`,
  });
}

function describeWait(seconds: number): string {
  if (seconds < 90) return `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
