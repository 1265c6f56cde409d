import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { errorResponse } from '../http/answers.ts';
import { readBody, requireOwnOrigin } from '../http/requests.ts';
import type { Auth } from './auth.ts';

const text = z.string().max(1_000);

/**
 * What a browser may ask better-auth for, and the fields it may send. Fields that are not named here are left out, among
 * them every address to be sent on to. Teams, members and invitations go through our own procedures alone.
 */
const openPaths: Readonly<Record<string, z.ZodType | null>> = {
  'GET /api/auth/get-session': null,
  'POST /api/auth/sign-up/email': z.object({ name: text, email: text, password: text }),
  'POST /api/auth/sign-in/email': z.object({ email: text, password: text }),
  'POST /api/auth/sign-out': z.object({}),
  'POST /api/auth/change-password': z.object({
    currentPassword: text,
    newPassword: text,
    revokeOtherSessions: z.boolean().default(true),
  }),
};

const bodyLimit = 16 * 1024;

/** Answers a request below /api/auth. Whatever is not on the list above does not exist. */
export async function handleAuthRequest(
  services: {
    readonly auth: Auth;
    readonly log: Log;
    readonly addresses: { readonly origins: readonly string[] };
  },
  request: Request,
): Promise<Response> {
  try {
    const { pathname } = new URL(request.url);
    const schema = openPaths[`${request.method} ${pathname}`];
    if (schema === undefined) throw new AppError('not_found', 'There is no such address.');
    if (schema === null) return await services.auth.handler(plainRequest(request));
    requireOwnOrigin(request, services.addresses.origins);
    const body = await readFields(request, schema);
    return await services.auth.handler(plainRequest(request, body));
  } catch (error) {
    return errorResponse(error, services.log);
  }
}

async function readFields(request: Request, schema: z.ZodType): Promise<string> {
  if (!(request.headers.get('content-type') ?? '').startsWith('application/json')) {
    throw new AppError('unsupported_media', 'This takes JSON.');
  }
  const bytes = await readBody(request, bodyLimit);
  const parsed = z
    .string()
    .transform((json, context): unknown => {
      try {
        return JSON.parse(json);
      } catch {
        context.addIssue('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(schema)
    .safeParse(new TextDecoder().decode(bytes));
  if (parsed.success) return JSON.stringify(parsed.data);
  const issue = parsed.error.issues[0];
  throw new AppError('bad_input', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}.`);
}

/**
 * The request without its query, with `body` in place of its own. Built from its parts, because Next hands us a Request
 * of a class of its own, which the constructor does not take.
 */
function plainRequest(request: Request, body: string | null = null): Request {
  const url = new URL(request.url);
  url.search = '';
  return new Request(url, { method: request.method, headers: new Headers(request.headers), body });
}
