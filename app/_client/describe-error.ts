import { TRPCClientError } from '@trpc/client';
import { z } from 'zod';
import { ApiError } from './api-error.ts';

export interface ErrorDescription {
  /** What happened, in a sentence. */
  readonly message: string;
  /** What to do about it, when there is something to do. */
  readonly fix: string | null;
}

const publicErrorSchema = z.object({
  code: z.string(),
  fix: z.string().nullable(),
  httpStatus: z.number(),
});

/** Anything thrown by a call to the server, in words for a person. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof ApiError) return { message: error.message, fix: error.fix };
  if (error instanceof TRPCClientError) {
    const data = publicErrorSchema.safeParse(error.data);
    if (data.success) return { message: error.message, fix: data.data.fix };
    return unreachable;
  }
  if (error instanceof TypeError && /fetch|network/i.test(error.message)) return unreachable;
  return { message: 'Something went wrong in this page.', fix: 'Reload it. Your saved work is safe.' };
}

/** The code of our own list that the error carries, or null when the server was not reached. */
export function errorCode(error: unknown): string | null {
  if (error instanceof ApiError) return error.code;
  if (!(error instanceof TRPCClientError)) return null;
  const data = publicErrorSchema.safeParse(error.data);
  return data.success ? data.data.code : null;
}

/** Whether asking again would only get the same answer. */
export function isFinal(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && !['internal', 'unavailable', 'too_many'].includes(code);
}

const unreachable: ErrorDescription = {
  message: 'Gesso cannot be reached.',
  fix: 'Check your connection. What you made stays in this browser and is sent when the connection is back.',
};
