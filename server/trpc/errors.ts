import { TRPCError } from '@trpc/server';
import { z } from 'zod';
import { AppError, type ErrorCode, errorCodes, toAppError } from '../../platform/errors.ts';

/** The code that tRPC has for each of ours; the HTTP status comes from `errorCodes`, which has more of them. */
const trpcCodes = {
  bad_input: 'BAD_REQUEST',
  not_signed_in: 'UNAUTHORIZED',
  not_allowed: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  conflict: 'CONFLICT',
  gone: 'PRECONDITION_FAILED',
  too_large: 'PAYLOAD_TOO_LARGE',
  unsupported_media: 'UNSUPPORTED_MEDIA_TYPE',
  too_many: 'TOO_MANY_REQUESTS',
  cancelled: 'CLIENT_CLOSED_REQUEST',
  internal: 'INTERNAL_SERVER_ERROR',
  unavailable: 'SERVICE_UNAVAILABLE',
  out_of_space: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPCError['code']>;

/** What a browser learns of an error, beside its message. */
export interface PublicError {
  readonly code: ErrorCode;
  readonly fix: string | null;
  readonly httpStatus: number;
}

/**
 * The error a person may meet behind whatever tRPC caught: an AppError as it was thrown, bad input as `bad_input` with
 * the field's name, a wrong path or method as it is, and everything else as `internal`, whose own text stays inside.
 */
export function appErrorBehind(error: TRPCError): AppError {
  if (error.cause instanceof AppError) return error.cause;
  if (error.cause instanceof z.ZodError) return describeBadInput(error.cause);
  switch (error.code) {
    case 'BAD_REQUEST':
    case 'PARSE_ERROR':
      return new AppError('bad_input', 'The request could not be read.', { cause: error });
    case 'NOT_FOUND':
    case 'METHOD_NOT_SUPPORTED':
      return new AppError('not_found', 'There is no such thing to ask for.', { cause: error });
    case 'PAYLOAD_TOO_LARGE':
      return new AppError('too_large', 'The request is larger than this accepts.', { cause: error });
    case 'UNSUPPORTED_MEDIA_TYPE':
      return new AppError('unsupported_media', 'The request has a content type that is not accepted.', {
        fix: 'Send JSON.',
        cause: error,
      });
    default:
      return toAppError(error.cause ?? error);
  }
}

export function toTrpcError(error: AppError): TRPCError {
  return new TRPCError({ code: trpcCodes[error.code], message: error.message, cause: error });
}

export function toPublicError(error: AppError): PublicError {
  return { code: error.code, fix: error.fix ?? null, httpStatus: errorCodes[error.code].status };
}

function describeBadInput(error: z.ZodError): AppError {
  const issue = error.issues[0];
  const where = issue === undefined ? '' : issue.path.join('.');
  const what = issue?.message ?? 'the input is not valid';
  return new AppError('bad_input', where === '' ? `${what}.` : `${where}: ${what}.`, { cause: error });
}
