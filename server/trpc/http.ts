import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { AppError } from '../../platform/errors.ts';
import { createContext, type WebServices } from '../context.ts';
import { errorResponse, retryAfter } from '../http/answers.ts';
import { readBody, requireOwnOrigin } from '../http/requests.ts';
import { appErrorBehind } from './errors.ts';
import { appRouter } from './root.ts';

/** Most calls in one batch, and most bytes of one request: the fetch adapter itself has no limit. */
export const trpcLimits = { batch: 10, bytes: 1024 * 1024 } as const;

/**
 * Answers a request below /api/trpc. What changes something must come from a page of our own; the browser sends queries
 * as POST too, which keeps ids and tokens out of addresses and logs.
 */
export async function handleTrpcRequest(services: WebServices, request: Request): Promise<Response> {
  try {
    return await fetchRequestHandler({
      endpoint: '/api/trpc',
      req: await bounded(services, request),
      router: appRouter,
      allowBatching: true,
      maxBatchSize: trpcLimits.batch,
      allowMethodOverride: true,
      createContext: () => createContext(services, request.headers),
      responseMeta: ({ type, errors }) =>
        type === 'subscription'
          ? {}
          : { headers: { 'Cache-Control': 'no-store', ...retryAfter(errors.map(appErrorBehind)) } },
    });
  } catch (error) {
    return errorResponse(error, services.log);
  }
}

/** The same request with its body read and counted, and without what no field of ours can hold. */
async function bounded(services: WebServices, request: Request): Promise<Request> {
  if (request.method !== 'POST') {
    refuseNul([...new URL(request.url).searchParams.values()].join('\n'));
    return request;
  }
  requireOwnOrigin(request, services.addresses.origins);
  const body = await readBody(request, trpcLimits.bytes);
  refuseNul(new TextDecoder().decode(body));
  return new Request(request.url, {
    method: 'POST',
    headers: request.headers,
    body,
    signal: request.signal,
  });
}

/** Postgres keeps every character but U+0000, in JSON too. An even number of backslashes before the escape is text. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

function refuseNul(json: string): void {
  if (!escapedNul.test(json)) return;
  throw new AppError('bad_input', 'The text contains a character that cannot be stored (U+0000).', {
    fix: 'Remove it and try again.',
  });
}
