import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { sendWithBackOff } from './back-off.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers 429 with `retryAfter` the first `refusals` times; returns its address and when it was asked. */
async function startServer(refusals: number, retryAfter: string | null) {
  const askedAt: number[] = [];
  const server = createServer((_, response) => {
    askedAt.push(performance.now());
    if (askedAt.length > refusals) {
      response.end('stored');
      return;
    }
    if (retryAfter !== null) response.setHeader('Retry-After', retryAfter);
    response.statusCode = 429;
    response.end('too many');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, askedAt };
}

test('waits as long as the answer says and sends again', async () => {
  const { url, askedAt } = await startServer(1, '1');
  const response = await sendWithBackOff(() => fetch(url));
  expect(await response.text()).toBe('stored');
  expect(askedAt).toHaveLength(2);
  expect((askedAt[1] ?? 0) - (askedAt[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

test('gives up after five tries, and at once when the wait is long or unknown', async () => {
  const again = await startServer(100, '0');
  expect((await sendWithBackOff(() => fetch(again.url))).status).toBe(429);
  expect(again.askedAt).toHaveLength(5);
  for (const retryAfter of ['3600', null]) {
    const once = await startServer(100, retryAfter);
    expect((await sendWithBackOff(() => fetch(once.url))).status).toBe(429);
    expect(once.askedAt).toHaveLength(1);
  }
});

test('stops waiting when it is told to', async () => {
  const { url, askedAt } = await startServer(100, '20');
  const stop = new AbortController();
  const sending = sendWithBackOff(() => fetch(url), stop.signal);
  setTimeout(() => stop.abort(new Error('no longer wanted')), 50);
  await expect(sending).rejects.toThrow('no longer wanted');
  expect(askedAt).toHaveLength(1);
});
