import superjson from 'superjson';
import { z } from 'zod';
import type { WebServices } from '../context.ts';
import { handleTrpcRequest } from '../trpc/http.ts';
import { testOrigin } from './web-services.ts';

export interface CallAnswer {
  /** HTTP status; for a subscription that began, 200. */
  readonly status: number;
  /** The code of our own list when it was refused. */
  readonly code: string | null;
  readonly message: string | null;
  readonly data: unknown;
}

const refusalSchema = z.object({
  error: z.object({ json: z.object({ message: z.string(), data: z.object({ code: z.string() }) }) }),
});
const answerSchema = z.object({ result: z.object({ data: z.object({ json: z.unknown() }) }) });

/** Calls a procedure as a browser would, through the real request handler. A subscription is left after its first event. */
export async function call(
  services: WebServices,
  options: {
    readonly path: string;
    readonly type: 'query' | 'mutation' | 'subscription';
    readonly input: unknown;
    readonly cookie: string | null;
  },
): Promise<CallAnswer> {
  const { path, type, cookie } = options;
  const body = superjson.stringify(options.input);
  return type === 'subscription'
    ? subscribe(services, { path, body, cookie })
    : post(services, { path, body, cookie });
}

/** Sends `body` to a procedure as it is. */
export async function post(
  services: WebServices,
  options: { readonly path: string; readonly body: string; readonly cookie: string | null },
): Promise<CallAnswer> {
  const { path, body, cookie } = options;
  const request = new Request(`${testOrigin}/api/trpc/${path}`, {
    method: 'POST',
    headers: headersOf(cookie, { 'Content-Type': 'application/json' }),
    body,
  });
  const response = await handleTrpcRequest(services, request);
  return read(response.status, await response.json());
}

async function subscribe(
  services: WebServices,
  options: { readonly path: string; readonly body: string; readonly cookie: string | null },
): Promise<CallAnswer> {
  const { path, body, cookie } = options;
  const leave = new AbortController();
  const url = `${testOrigin}/api/trpc/${path}?input=${encodeURIComponent(body)}`;
  const response = await handleTrpcRequest(
    services,
    new Request(url, { headers: headersOf(cookie, { Accept: 'text/event-stream' }), signal: leave.signal }),
  );
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return read(response.status, await response.json());
  const text = await firstEvent(response);
  leave.abort();
  const refused = /^event: serialized-error\ndata: (.*)$/m.exec(text)?.[1];
  if (refused !== undefined) return read(response.status, { error: JSON.parse(refused) });
  return { status: response.status, code: null, message: null, data: text };
}

/** The text up to the first event that says something, or all of it when the stream ends before. */
async function firstEvent(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return text;
    text += chunk.value;
    if (/^data: .*"json".*\n/m.test(text)) {
      await reader?.cancel();
      return text;
    }
  }
}

function headersOf(cookie: string | null, more: Readonly<Record<string, string>>): Headers {
  const headers = new Headers({ Origin: testOrigin, ...more });
  if (cookie !== null) headers.set('Cookie', cookie);
  return headers;
}

function read(status: number, answer: unknown): CallAnswer {
  const refusal = refusalSchema.safeParse(answer);
  if (refusal.success) {
    const { message, data } = refusal.data.error.json;
    return { status, code: data.code, message, data: null };
  }
  const plain = z.object({ error: z.object({ code: z.string(), message: z.string() }) }).safeParse(answer);
  if (plain.success)
    return { status, code: plain.data.error.code, message: plain.data.error.message, data: null };
  const found = answerSchema.safeParse(answer);
  return { status, code: null, message: null, data: found.success ? found.data.result.data.json : answer };
}
