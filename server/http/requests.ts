import { AppError } from '../../platform/errors.ts';

/**
 * Refuses a request that changes something and comes from a page of another origin. A browser names the origin of every
 * such request; one without a name is no page of ours either. Errors: `not_allowed`.
 */
export function requireOwnOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get('origin');
  if (origin !== null && origins.includes(origin)) return;
  throw new AppError('not_allowed', 'This request did not come from a page of this Gesso.', {
    fix: `Open ${origins[0] ?? 'Gesso'} itself. If that is not its address, set GESSO_URL to the one you use.`,
  });
}

/** The whole body, counted while it arrives, whatever its header promised. Errors: `too_large` beyond `limit` bytes. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function tooLarge(limit: number): AppError {
  const size =
    limit >= 1024 * 1024 ? `${Math.floor(limit / 1024 / 1024)} MB` : `${Math.floor(limit / 1024)} kB`;
  return new AppError('too_large', `The request is larger than ${size}.`, {
    fix: 'Send less at a time.',
  });
}
