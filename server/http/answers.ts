import { type AppError, errorCodes, toAppError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';

/** The answer of a plain route to anything thrown: the code, the message and the fix, never what lies behind. */
export function errorResponse(thrown: unknown, log: Log): Response {
  const error: AppError = toAppError(thrown);
  if (error.code === 'internal') log.error({ err: error.cause ?? error }, 'a route failed');
  return Response.json(
    { error: { code: error.code, message: error.message, fix: error.fix ?? null } },
    {
      status: errorCodes[error.code].status,
      headers: { 'Cache-Control': 'no-store', ...retryAfter([error]) },
    },
  );
}

/** The header that says when to try again, where one of the errors knows. */
export function retryAfter(errors: readonly AppError[]): { readonly 'Retry-After'?: string } {
  const seconds = errors.flatMap((error) => error.retryAfterSeconds ?? []);
  return seconds.length === 0 ? {} : { 'Retry-After': String(Math.max(...seconds)) };
}
