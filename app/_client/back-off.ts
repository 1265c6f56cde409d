/** A wait longer than this is left to the person. */
const longestWaitSeconds = 30;
const mostTries = 5;

/**
 * Sends a request, and again after the wait that the answer names when it is 429 (too many in a short time). Returns the
 * last answer. Rejects as `send` does, and with the signal's reason when it is aborted while waiting.
 */
export async function sendWithBackOff(
  send: () => Promise<Response>,
  signal?: AbortSignal,
): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const response = await send();
    const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
    const isWorthWaiting = response.status === 429 && seconds <= longestWaitSeconds && tries < mostTries;
    if (!isWorthWaiting) return response;
    await response.body?.cancel();
    await wait(seconds * 1_000, signal);
  }
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
