import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../platform/clock.ts';
import { sessionEndedChannel } from '../../shared/contracts/generation.ts';
import { cookieOf, openTestWeb, testOrigin, testPassword, type TestWeb } from '../testing/web-services.ts';
import { readSession } from '../context.ts';
import { createAuth } from './auth.ts';
import { handleAuthRequest } from './http.ts';

let web: TestWeb;
let now = new Date();
const clock: Clock = { now: () => now };

beforeAll(async () => {
  web = await openTestWeb(clock);
});

afterAll(() => web.close());

let address = 0;

/** A request from an address that was never seen before, as somebody with many machines would send it. */
function ask(
  path: string,
  body: object | null,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  address += 1;
  const request = new Request(`${testOrigin}/api/auth${path}`, {
    method: body === null ? 'GET' : 'POST',
    headers: {
      Origin: testOrigin,
      'Content-Type': 'application/json',
      'X-Forwarded-For': `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
      ...headers,
    },
    body: body === null ? null : JSON.stringify(body),
  });
  return handleAuthRequest(web.services, asNextGivesIt(request));
}

/** Next wraps the request in a Proxy, from which no second Request can be made. */
function asNextGivesIt(request: Request): Request {
  return new Proxy(request, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function signIn(email: string, password: string): Promise<Response> {
  return ask('/sign-in/email', { email, password });
}

describe('guessing one account’s password from many addresses', () => {
  it('evaluates at most ten of many attempts in a quarter of an hour', async () => {
    const { email } = await web.signUp('Target');
    let evaluated = 0;
    for (let second = 0; second < 900; second += 15) {
      now = new Date(now.getTime() + 15_000);
      const { status } = await signIn(email, `guess ${second}`);
      expect([401, 429]).toContain(status);
      if (status === 401) evaluated += 1;
    }
    expect(evaluated).toBeLessThanOrEqual(10);
    expect(evaluated).toBeGreaterThanOrEqual(5);
  });

  it('looks at no more of twelve at once than of twelve in a row', async () => {
    const { email } = await web.signUp('Target');
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => signIn(email, `guess ${i}`)));
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
  });

  it('refuses even the right password while the account waits, says how long, and takes it afterwards', async () => {
    const { email } = await web.signUp('Target');
    for (let attempt = 0; attempt < 5; attempt += 1) await signIn(email, 'wrong password');
    const refused = await signIn(email, testPassword);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      message: expect.stringMatching(/Too many wrong passwords.*seconds/),
    });
    now = new Date(now.getTime() + 61_000);
    expect((await signIn(email, testPassword)).status).toBe(200);
  });

  it('forgives after the right password', async () => {
    const { email } = await web.signUp('Forgetful');
    for (let round = 0; round < 4; round += 1) {
      for (let attempt = 0; attempt < 3; attempt += 1) await signIn(email, 'wrong password');
      expect((await signIn(email, testPassword)).status).toBe(200);
    }
  });

  it('answers the same for an account that does not exist, waits included', async () => {
    const { email } = await web.signUp('Real');
    const statuses = async (address: string) => {
      const seen: number[] = [];
      for (let attempt = 0; attempt < 7; attempt += 1) seen.push((await signIn(address, 'wrong')).status);
      return seen;
    };
    const real = await statuses(email);
    expect(await statuses('nobody-at-all@example.org')).toEqual(real);
    expect(real).toEqual([401, 401, 401, 401, 401, 429, 429]);
    // Another spelling of the same address is the same account.
    expect((await signIn(email.toUpperCase(), 'wrong')).status).toBe(429);
  });
});

describe('sessions', () => {
  it('are in a cookie that scripts cannot read, and end at once', async () => {
    const { email } = await web.signUp('Ada');
    const response = await signIn(email, testPassword);
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
    const cookie = cookieOf(response.headers);
    const headers = new Headers({ Cookie: cookie });
    expect(await readSession(web.services.auth, headers)).toMatchObject({ user: { email } });
    expect((await ask('/sign-out', {}, { Cookie: cookie })).status).toBe(200);
    expect(await readSession(web.services.auth, headers)).toBeNull();
  });

  it('are announced when they end, for sockets that are open', async () => {
    const { cookie } = await web.signUp('Ada');
    const listener = new pg.Client({ connectionString: web.test.url });
    await listener.connect();
    try {
      await listener.query(`listen ${sessionEndedChannel}`);
      const heard = once(listener, 'notification');
      expect((await ask('/sign-out', {}, { Cookie: cookie })).status).toBe(200);
      await heard;
    } finally {
      await listener.end();
    }
  });

  it('do not survive a changed letter', async () => {
    const { cookie } = await web.signUp('Ada');
    const [name, value = ''] = cookie.split('=', 2);
    for (let at = 0; at < value.length; at += 3) {
      // Letters far apart: neighbours can stand for the same bits at the end of a signature in base64.
      const changed = value.slice(0, at) + (value[at] === 'A' ? 'h' : 'A') + value.slice(at + 1);
      const headers = new Headers({ Cookie: `${name}=${changed}` });
      expect(await readSession(web.services.auth, headers)).toBeNull();
    }
  });

  it('are secure behind https', async () => {
    const auth = createAuth({
      database: web.services.database,
      secret: 's'.repeat(32),
      webUrl: 'https://gesso.example',
      trustedOrigins: ['https://gesso.example'],
      clock,
      log: web.services.log,
    });
    const { email } = await web.signUp('Ada');
    const response = await auth.api.signInEmail({
      body: { email, password: testPassword },
      asResponse: true,
    });
    expect(response.headers.get('set-cookie')).toMatch(/^__Secure-.*Secure/);
  });
});

describe('what better-auth offers beyond what we opened', () => {
  it('does not exist', async () => {
    const { cookie } = await web.signUp('Ada');
    const closed: readonly (readonly [string, object | null])[] = [
      ['/organization/create', { name: 'x', slug: 'x' }],
      ['/organization/invite-member', { email: 'a@b.c', role: 'owner' }],
      ['/organization/update-member-role', {}],
      ['/organization/list', null],
      ['/delete-user', {}],
      ['/update-user', { name: 'x' }],
      ['/list-sessions', null],
      ['/reset-password', {}],
      ['/request-password-reset', { email: 'a@b.c', redirectTo: '//evil.example' }],
      ['/sign-in/social', { provider: 'github' }],
      ['/ok', null],
      ['/error', null],
      ['/sign-in/email/', {}],
      ['/../auth/list-sessions', null],
      ['/sign-in%2femail', {}],
    ];
    for (const [path, body] of closed)
      expect((await ask(path, body, { Cookie: cookie })).status, path).toBe(404);
  });

  it('takes nothing from another origin', async () => {
    const { email, cookie } = await web.signUp('Ada');
    const body = { email, password: testPassword };
    for (const origin of [
      'https://evil.example',
      'null',
      `${testOrigin}.evil.example`,
      'http://localhost:1',
    ]) {
      expect((await ask('/sign-in/email', body, { Origin: origin, Cookie: cookie })).status).toBe(403);
      expect((await ask('/sign-out', {}, { Origin: origin, Cookie: cookie })).status).toBe(403);
    }
  });

  it('redirects nobody elsewhere', async () => {
    const { email } = await web.signUp('Ada');
    for (const callbackURL of hostileCallbacks) {
      const response = await ask('/sign-in/email', { email, password: testPassword, callbackURL });
      expect(response.headers.get('location') ?? '', callbackURL).not.toContain('evil');
      if (response.ok) expect(await response.text()).not.toContain('"redirect":true');
    }
  });

  it('keeps odd names out without breaking', async () => {
    for (const name of ['', '\0', 'a\nb', 'x'.repeat(121), { $ne: 1 }, null, 7]) {
      const response = await ask('/sign-up/email', {
        name,
        email: 'odd@example.org',
        password: testPassword,
      });
      expect(response.status, JSON.stringify(name)).toBe(400);
    }
    const email = 'a\0b@example.org';
    expect((await ask('/sign-up/email', { name: 'Ada', email, password: testPassword })).status).toBe(400);
    expect((await signIn(email, testPassword)).status).toBeLessThan(500);
  });
});

const hostileCallbacks = [
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'javascript:alert("evil")',
  'data:text/html,evil',
  `${testOrigin}@evil.example`,
  `${testOrigin}.evil.example`,
  '/%5cevil.example',
  '/%2f%2fevil.example',
  ' https://evil.example',
  '\thttps://evil.example',
];
