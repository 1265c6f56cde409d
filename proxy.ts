import { randomBytes } from 'node:crypto';
import { type NextRequest, NextResponse } from 'next/server';
import { readEnv } from './platform/env.ts';
import { addressesOf } from './server/config.ts';

/**
 * Gives every page a content security policy with a nonce of its own. It decides nothing about who may see what: that
 * happens in the procedures and in the room, so a request that slips past here gains nothing.
 */
export function proxy(request: NextRequest): NextResponse {
  const nonce = randomBytes(16).toString('base64');
  const policy = contentSecurityPolicy(nonce);
  const headers = new Headers(request.headers);
  headers.set('x-nonce', nonce);
  // Next reads the nonce from here and puts it on its own scripts.
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  return response;
}

export const config = {
  matcher: [{ source: '/((?!api/|_next/static|_next/image|favicon.ico|icon.svg).*)' }],
};

function contentSecurityPolicy(nonce: string): string {
  const env = readEnv();
  const { collabUrl, webUrl } = addressesOf(env);
  const developing = env.NODE_ENV === 'development';
  const rules = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${developing ? " 'unsafe-eval'" : ''}`,
    // Components place floating things by style attributes, which take no nonce.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    `connect-src 'self' ${new URL(collabUrl).origin} blob: data:`,
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(webUrl.startsWith('https:') ? ['upgrade-insecure-requests'] : []),
  ];
  return rules.join('; ');
}
