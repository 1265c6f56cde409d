import { request as openRequest } from 'node:http';
import { expect, gessoUrl, test } from '../setup/browser.ts';

interface Attempt {
  /** The hole it looks for: an advisory, or what it would mean. */
  readonly hole: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

/** Requests as no browser sends them, to the whole running product: nothing opens, nothing leaks, nothing breaks. */
test('the server withstands the requests that broke others', async () => {
  for (const attempt of attempts(gessoUrl())) {
    const { status, location, text } = await send(attempt);
    const label = `${attempt.hole}: ${attempt.method ?? 'GET'} ${attempt.path} → ${status} ${text.slice(0, 200)}`;
    expect(status, label).toBeLessThan(500);
    expect(status, label).not.toBe(101);
    expect(text, label).not.toMatch(
      /"result":\{"data"|root:x:0|postgresql:\/\/|"private": ?true|\[core\]|GESSO_SECRET/,
    );
    // Only paths of our own: //host and /\host lead elsewhere.
    if (location !== '') expect(location, label).toMatch(/^(\/(?![/\\])|http:\/\/localhost[:/])/);
  }
  const { status, text } = await send({ hole: 'still alive', path: '/api/health' });
  expect(status).toBe(200);
  expect(text).toBe('{"ok":true}');
});

function attempts(own: string): readonly Attempt[] {
  const json = { Origin: own, 'Content-Type': 'application/json' };
  const form = { Origin: own, 'Content-Type': 'multipart/form-data; boundary=b' };
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--b--\r\n`;
  const socket = { Connection: 'Upgrade', Upgrade: 'websocket' };
  return [
    ...['middleware', 'proxy', 'src/middleware', Array(5).fill('middleware').join(':')].map((value) => ({
      hole: 'CVE-2025-29927, the proxy skipped',
      method: 'POST',
      path: '/api/trpc/teams.list',
      headers: { ...json, 'x-middleware-subrequest': value },
      body: '{}',
    })),
    ...['/people.rsc', '/index.rsc', '/people.segments/_tree.segment.rsc', '/_next/data/x/people.json'].map(
      (path) => ({ hole: 'CVE-2026-44575, a page’s data', path, headers: { rsc: '1' } }),
    ),
    ...['http://127.0.0.1:22/', '//127.0.0.1:22/', '/icon.svg'].map((url) => ({
      hole: 'SSRF by the image optimizer',
      path: `/_next/image?url=${encodeURIComponent(url)}&w=64&q=75`,
    })),
    {
      hole: 'CVE-2025-55182, a program in a server action',
      method: 'POST',
      path: '/',
      headers: { ...form, 'next-action': 'x' },
      body: field(
        '0',
        '{"then":"$1:__proto__:then","status":"resolved_model","_response":{"_prefix":"process.exit()"}}',
      ),
    },
    {
      hole: 'CVE-2025-68130, prototype pollution by a form',
      method: 'POST',
      path: '/api/trpc/accounts.updateName',
      headers: form,
      body: field('__proto__[polluted]', '1'),
    },
    ...['null', '%7B', '%7B%22a%22%3A'].map((value) => ({
      hole: 'CVE-2025-43855, broken connection parameters',
      path: `/api/trpc/generations.events?connectionParams=${value}`,
      headers: { Accept: 'text/event-stream' },
    })),
    ...[
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%5c..%5cetc%5cpasswd',
      '/_next/static/../../server/web.ts',
      '/_next/static/%2e%2e/%2e%2e/package.json',
      '/api/assets/..%2f..%2f/x',
      '/api/assets/x/..%2f..%2fsecret?variant=original&expires=1&mac=x',
      '/api/packs/..%2f..%2f..%2fpackage.json/vocabulary',
      '/api/packs/../../../vocabulary',
      '/.env',
      '/package.json',
      '/.git/config',
      '/.gesso/secret',
      '/prisma/schema.prisma',
    ].map((path) => ({ hole: 'a file that is not for reading', path })),
    ...['evil.example', 'localhost@evil.example'].flatMap((host) => [
      {
        hole: 'CVE-2025-71401, an address of the stranger’s choice',
        path: '/api/auth/get-session',
        headers: { Host: host },
      },
      {
        hole: 'a forwarded host believed',
        path: '/',
        headers: { 'X-Forwarded-Host': host, 'X-Forwarded-Proto': 'https' },
      },
    ]),
    ...['PUT', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS', 'HEAD'].flatMap((method) =>
      ['/', '/api/trpc/teams.list', '/api/assets', '/api/auth/sign-out'].map((path) => ({
        hole: 'a method nobody thought of',
        method,
        path,
      })),
    ),
    { hole: 'CVE-2026-44578, a socket through Next', path: '/api/trpc/teams.list', headers: socket },
    { hole: 'CVE-2026-44578, a socket to elsewhere', path: 'http://127.0.0.1:22/', headers: socket },
    ...['//evil.example/', '/\\evil.example', '/%5cevil.example', '/sign-in?next=//evil.example'].map(
      (path) => ({
        hole: 'a redirect to elsewhere',
        path,
      }),
    ),
  ];
}

function send({ path, method = 'GET', headers = {}, body }: Attempt): Promise<Answer> {
  const { hostname, port } = new URL(gessoUrl());
  return new Promise((settle) => {
    const request = openRequest({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      const done = () => {
        settle({ status: response.statusCode ?? 0, location: response.headers.location ?? '', text });
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        // An event stream never ends by itself; its first words are enough.
        if (response.headers['content-type']?.startsWith('text/event-stream') === true) done();
      });
      response.on('end', done);
    });
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      settle({ status: 101, location: '', text: '' });
    });
    // A connection that is closed without a word is a refusal too.
    request.on('error', () => settle({ status: 0, location: '', text: '' }));
    request.end(body);
  });
}
