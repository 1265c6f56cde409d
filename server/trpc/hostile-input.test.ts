import * as fc from 'fast-check';
import superjson from 'superjson';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../testing/call.ts';
import { exampleInputs, listProcedures } from '../testing/procedures.ts';
import { openTestWeb, testOrigin, type TestPerson, type TestWeb } from '../testing/web-services.ts';
import { buildWorld, type Cast, type World } from '../testing/world.ts';
import { handleTrpcRequest, trpcLimits } from './http.ts';

let web: TestWeb;
let cast: Cast;
let world: World;
let owner: TestPerson;

beforeAll(async () => {
  web = await openTestWeb();
  cast = {
    viewer: await web.signUp('Viewer'),
    editor: await web.signUp('Editor'),
    owner: await web.signUp('Owner'),
    extra: await web.signUp('Extra'),
  };
  owner = cast.owner;
  world = await buildWorld(web.services, cast);
});

afterAll(() => web.close());

/** How many inputs each procedure is given: few beside every change, many when asked for. */
const runs = 25;

/** Text that has broken parsers, databases and file systems before. */
const nastyText = fc.constantFrom(
  '',
  '\0',
  'a\0b',
  '\ud800',
  '\u202egnp.exe',
  '../../etc/passwd',
  '..%2f..%2f',
  'C:\\Windows\\win.ini',
  '\'; drop table "user"; --',
  '${jndi:ldap://x}',
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  'x'.repeat(5_000),
  '9'.repeat(400),
  'NaN',
  '%',
  '\\',
);
const nastyNumber = fc.constantFrom(0, -1, 1e308, -1e308, 2 ** 53, 4294967296, 0.1, NaN, Infinity);
const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  nastyNumber,
  fc.constantFrom(null, undefined, true, [], {}, new Date(NaN), 10n ** 30n, new Map(), new Set()),
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(nastyText, { maxLength: 5 }),
);

/** The right input with some of its fields replaced, dropped or added. */
function bentInput(right: unknown): fc.Arbitrary<unknown> {
  if (typeof right !== 'object' || right === null) return nastyValue;
  const keys = Object.keys(right);
  const changes = fc.dictionary(
    fc.oneof(
      fc.constantFrom(...keys),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'cursor', 'limit'),
    ),
    nastyValue,
    { minKeys: 1, maxKeys: 3, noNullPrototype: true },
  );
  return fc.oneof(
    { weight: 4, arbitrary: changes.map((change) => ({ ...right, ...change })) },
    { weight: 1, arbitrary: nastyValue },
  );
}

/** Bodies that are wrong before any procedure sees them. */
const brokenBodies = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"json":{"__proto__":{"polluted":true}}}',
  '{"json":{"constructor":{"prototype":{"polluted":true}}}}',
  '{"json":{"a":1},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
  '{"json":{"a":1},"meta":{"values":{"constructor.prototype.polluted":["undefined"]}}}',
  '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["__proto__.polluted"]}}}',
  '{"json":1,"meta":{"values":["set"]}}',
  '{"json":"x","meta":{"values":["regexp"]}}',
  '{"json":"(a+)+$","meta":{"values":[["class","Nope"]]}}',
  '{"json":{"a":"x"},"meta":{"values":{"a":["bigint"]}}}',
  '{"json":{"a":"x"},"meta":{"values":{"a":["URL"]}}}',
  '{"json":{"a":"x"},"meta":"y"}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"json":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
];

describe('hostile input', () => {
  const calls = listProcedures().filter(({ type }) => type !== 'subscription');

  for (const { path } of calls) {
    it(`${path} answers without breaking`, async () => {
      const right = exampleInputs[path]?.(world);
      await fc.assert(
        fc.asyncProperty(bentInput(right), async (input) => {
          const answer = await post(web.services, {
            path,
            body: encode(input),
            cookie: owner.cookie,
          });
          expectSound(answer, path, input);
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(Reflect.has({}, 'polluted')).toBe(false);
      // Whatever was renamed, left or thrown away by a lucky input stands again for the next procedure.
      world = await buildWorld(web.services, cast);
    });
  }
});

describe('bodies that are broken before any procedure sees them', () => {
  for (const path of ['invitations.describe', 'projects.list', 'canvases.rename']) {
    it(`are refused by ${path}`, async () => {
      for (const body of brokenBodies) {
        const answer = await post(web.services, { path, body, cookie: owner.cookie });
        expectSound(answer, path, body.slice(0, 200));
        expect(answer.status).toBeGreaterThanOrEqual(400);
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(Reflect.has({}, 'polluted')).toBe(false);
    });
  }
});

describe('limits of one request', () => {
  it('refuses eleven calls in a batch and answers ten', async () => {
    expect((await batch(trpcLimits.batch)).status).toBe(200);
    expect((await batch(trpcLimits.batch + 1)).status).toBe(400);
  });

  it('refuses a body of one byte too many, with and without a length', async () => {
    const body = `{"json":"${' '.repeat(trpcLimits.bytes)}"}`;
    expect((await send('accounts.me', { body })).status).toBe(413);
    const stream = new Blob([body]).stream();
    expect((await send('accounts.me', { body: stream, duplex: 'half' })).status).toBe(413);
  });

  it('refuses what comes from another page, from nowhere, or as a form', async () => {
    const body = '{"json":{"name":"Mallory"}}';
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:4399.evil.example',
      `${testOrigin}0`,
    ])
      expect((await send('accounts.updateName', { body }, { Origin: origin })).status).toBe(403);
    expect((await send('accounts.updateName', { body }, { Origin: null })).status).toBe(403);
    expect((await send('accounts.updateName', { body }, { 'Content-Type': 'text/plain' })).status).toBe(415);
  });

  it('refuses the character that Postgres cannot keep, and only that one', async () => {
    const { organizationId } = world;
    const ask = async (text: string) =>
      (await send('generations.history', { body: JSON.stringify({ json: { organizationId, text } }) }))
        .status;
    expect(await ask('fox\0')).toBe(400);
    expect(await ask('fox\\u0000')).toBe(200);
    expect(await ask('fox\\\0')).toBe(400);
  });

  it('changes nothing by GET', async () => {
    const url = `${testOrigin}/api/trpc/accounts.updateName?input=${encodeURIComponent('{"json":{"name":"M"}}')}`;
    const response = await handleTrpcRequest(
      web.services,
      new Request(url, { headers: { Cookie: owner.cookie } }),
    );
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });

  it('says nothing of the inside when something breaks', async () => {
    const broken = { ...web.services, storage: web.services.storage };
    Reflect.set(broken, 'database', {
      member: { findUnique: () => Promise.reject(new Error('password=hunter2 at /srv/secret')) },
    });
    const answer = await handleTrpcRequest(
      broken,
      request('teams.members', { body: `{"json":{"organizationId":"${world.organizationId}"}}` }),
    );
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(text).not.toMatch(/hunter2|secret|stack|node_modules/);
    expect(text).toContain('Something went wrong on our side.');
  });
});

function expectSound(
  answer: { readonly status: number; readonly code: string | null },
  path: string,
  input: unknown,
) {
  // 503 is the honest answer of a request for work when no worker runs.
  const isFault = answer.status >= 500 && answer.code !== 'unavailable';
  if (isFault) throw new Error(`${path} answered ${answer.status} to ${encode(input).slice(0, 500)}`);
}

/** As the browser encodes it; what its encoder refuses to send is sent by hand. */
function encode(input: unknown): string {
  try {
    return superjson.stringify(input);
  } catch {
    return JSON.stringify({ json: input }, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  }
}

function batch(size: number): Promise<Response> {
  const path = Array.from({ length: size }, () => 'teams.list').join(',');
  return send(`${path}?batch=1`, { body: '{}' });
}

type Header = 'Origin' | 'Content-Type';

function send(
  path: string,
  init: RequestInit & { readonly duplex?: 'half' },
  headers: Partial<Record<Header, string | null>> = {},
): Promise<Response> {
  return handleTrpcRequest(web.services, request(path, init, headers));
}

function request(
  path: string,
  init: RequestInit & { readonly duplex?: 'half' },
  headers: Partial<Record<Header, string | null>> = {},
): Request {
  const all = { Origin: testOrigin, 'Content-Type': 'application/json', Cookie: owner.cookie, ...headers };
  const present = Object.entries(all).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, value]],
  );
  return new Request(`${testOrigin}/api/trpc/${path}`, { method: 'POST', headers: present, ...init });
}
