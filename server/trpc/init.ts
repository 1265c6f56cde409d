import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import type { Clock } from '../../platform/clock.ts';
import { AppError, toAppError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import type { Database } from '../../prisma/client.ts';
import type { AccessPolicy } from '../features/access/policy.ts';
import type { AssetLinks } from '../features/assets/links.ts';
import type { RequestLimits } from '../http/rate-limit.ts';
import { appErrorBehind, toPublicError, toTrpcError } from './errors.ts';

export interface SessionUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface RequestSession {
  readonly sessionId: string;
  readonly user: SessionUser;
}

/** What every procedure is given. Made once a request by server/context.ts, or by a test. */
export interface Context {
  readonly database: Database;
  /** Connection string of `database`, for what must hold a connection of its own (LISTEN). */
  readonly databaseUrl: string;
  readonly storage: AssetStore;
  readonly assetLinks: AssetLinks;
  /** Null for who is not signed in. */
  readonly session: RequestSession | null;
  readonly clock: Clock;
  readonly limits: RequestLimits;
  readonly log: Log;
  /** Where browsers reach the web process, without a slash at the end. */
  readonly webUrl: string;
  /** Where browsers reach the collab server (ws: or wss:), without a slash at the end. */
  readonly collabUrl: string;
}

interface ProcedureMeta {
  readonly policy: AccessPolicy;
}

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 40_000 } },
    errorFormatter({ error, shape }) {
      const behind = appErrorBehind(error);
      return { code: shape.code, message: behind.message, data: toPublicError(behind) };
    },
  });

export const router = t.router;

/**
 * The root of every builder in procedures.ts, which is the only file that may use it: it refuses to run without a
 * policy, counts what a person changes, turns what is thrown into the code tRPC has for it, and logs what nobody foresaw.
 */
export const procedureRoot = t.procedure.use(async ({ ctx, meta, next, path, type }) => {
  if (meta === undefined) throw toTrpcError(new AppError('internal', `${path} declares no policy.`));
  if (type === 'mutation' && ctx.session !== null) takeMutation(ctx.limits, ctx.session);
  const result = await next();
  if (result.ok) return result;
  const behind = appErrorBehind(result.error);
  if (behind.code === 'internal') ctx.log.error({ path, err: behind.cause ?? behind }, 'a procedure failed');
  throw toTrpcError(behind);
});

/** Errors: `too_many` when this person has changed too much in a short time. */
function takeMutation(limits: RequestLimits, session: RequestSession): void {
  try {
    limits.mutations.take(session.user.id);
  } catch (error) {
    throw toTrpcError(toAppError(error));
  }
}
