import superjson from 'superjson';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../platform/errors.ts';
import { handleUpload } from '../features/assets/http.ts';
import { call } from '../testing/call.ts';
import { openTestWeb, testOrigin, type TestPerson, type TestWeb } from '../testing/web-services.ts';
import { handleTrpcRequest } from '../trpc/http.ts';
import { createRateLimiter, createRequestLimits, requestRates } from './rate-limit.ts';

/** A clock that stands until it is moved. */
function createTestClock() {
  let ms = Date.UTC(2026, 0, 1);
  return {
    now: () => new Date(ms),
    pass(seconds: number) {
      ms += seconds * 1_000;
    },
  };
}

function refusalOf(work: () => void): AppError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe('a rate limiter', () => {
  test('lets a burst through, then says how long to wait, and after that wait there is one more', () => {
    const clock = createTestClock();
    const limiter = createRateLimiter({ burst: 3, perSecond: 0.5 }, clock);
    const take = (key = 'ada') => refusalOf(() => limiter.take(key));
    expect([take(), take(), take()]).toEqual([null, null, null]);
    expect(take()).toMatchObject({
      code: 'too_many',
      retryAfterSeconds: 2,
      fix: 'Wait 2 s, then try again.',
    });
    // Asking again and again costs nothing and gains nothing.
    clock.pass(1);
    expect(take()).toMatchObject({ retryAfterSeconds: 1 });
    expect(take()).toMatchObject({ retryAfterSeconds: 1 });
    clock.pass(1);
    expect(take()).toBeNull();
    expect(take()).toMatchObject({ retryAfterSeconds: 2 });
    // Another person is another bucket, and a rest fills one no further than the burst.
    expect(take('grace')).toBeNull();
    clock.pass(3_600);
    expect([take(), take(), take(), take()].map((refusal) => refusal?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      'too_many',
    ]);
  });

  test('a clock that is set back refuses nobody for longer', () => {
    const clock = createTestClock();
    const limiter = createRateLimiter({ burst: 1, perSecond: 1 }, clock);
    limiter.take('ada');
    clock.pass(-3_600);
    expect(refusalOf(() => limiter.take('ada'))).toMatchObject({ retryAfterSeconds: 1 });
    clock.pass(1);
    expect(refusalOf(() => limiter.take('ada'))).toBeNull();
  });
});

describe('the web process', () => {
  const clock = createTestClock();
  let web: TestWeb;
  let ada: TestPerson;
  let grace: TestPerson;

  beforeAll(async () => {
    web = await openTestWeb(undefined, createRequestLimits(clock));
    ada = await web.signUp('Ada');
    grace = await web.signUp('Grace');
  });

  afterAll(() => web.close());

  const change = (person: TestPerson) =>
    call(web.services, {
      path: 'teams.create',
      type: 'mutation',
      input: { name: '' },
      cookie: person.cookie,
    });

  test('changes beyond the rate are refused with 429 and the time to wait; questions and other people are not', async () => {
    const { burst } = requestRates.mutations;
    for (let i = 0; i < burst; i += 1) expect((await change(ada)).code).toBe('bad_input');
    expect(await change(ada)).toMatchObject({ status: 429, code: 'too_many' });
    const response = await handleTrpcRequest(
      web.services,
      new Request(`${testOrigin}/api/trpc/teams.create`, {
        method: 'POST',
        headers: { Origin: testOrigin, Cookie: ada.cookie, 'Content-Type': 'application/json' },
        body: superjson.stringify({ name: 'One more' }),
      }),
    );
    expect(response.status).toBe(429);
    expect(response.headers.get('Retry-After')).toBe('1');
    expect(await response.text()).toContain('Wait 1 s, then try again.');
    expect((await change(grace)).code).toBe('bad_input');
    const question = { path: 'teams.list', type: 'query', input: undefined, cookie: ada.cookie } as const;
    expect((await call(web.services, question)).status).toBe(200);
    clock.pass(1);
    expect((await change(ada)).code).toBe('bad_input');
  });

  test('uploads have a bucket of their own', async () => {
    const send = (userId: string) => {
      const request = new Request(`${testOrigin}/api/assets`, {
        method: 'POST',
        headers: { Origin: testOrigin },
        body: new FormData(),
      });
      return handleUpload(web.services, request, { userId, origins: [testOrigin] });
    };
    for (let i = 0; i < requestRates.uploads.burst; i += 1) await send(ada.userId);
    const refused = await send(ada.userId);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('Retry-After')).toBe('1');
    expect(await refused.json()).toMatchObject({
      error: { code: 'too_many', fix: 'Wait 1 s, then try again.' },
    });
    expect((await send(grace.userId)).status).toBe(400);
  });
});
