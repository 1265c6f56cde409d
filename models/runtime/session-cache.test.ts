import { describe, expect, it } from 'vitest';
import type { ModelSession } from './session.ts';
import { createSessionCache } from './session-cache.ts';

function makeOpener(bytes: number) {
  const closed: string[] = [];
  let opened = 0;
  async function open(path: string): Promise<ModelSession> {
    opened += 1;
    await Promise.resolve();
    return {
      path,
      inputs: [],
      outputs: [],
      memoryBytes: bytes,
      hasInput: () => false,
      hasOutput: () => false,
      run: async () => ({}),
      bind: () => async () => ({ shape: [0], data: new Float32Array(0) }),
      runForOutput: async () => ({ shape: [0], data: new Float32Array(0) }),
      close: async () => {
        closed.push(path);
      },
    };
  }
  return { open, closed, countOpened: () => opened };
}

describe('session cache', () => {
  it('closes the least recently used idle session when over budget', async () => {
    const opener = makeOpener(10);
    const cache = createSessionCache({ budgetBytes: 25, open: opener.open });
    for (const path of ['a', 'b', 'a', 'c']) {
      (await cache.acquire(path)).release();
    }
    expect(opener.closed).toEqual(['b']);
    expect(cache.openPaths).toEqual(['a', 'c']);
    expect(cache.evictions).toBe(1);
  });

  it('never closes a session that is in use', async () => {
    const opener = makeOpener(10);
    const cache = createSessionCache({ budgetBytes: 5, open: opener.open });
    const first = await cache.acquire('a');
    const second = await cache.acquire('b');
    expect(opener.closed).toEqual([]);
    await expect(cache.close()).rejects.toThrow(/in use: a, b/);
    first.release();
    first.release();
    second.release();
    (await cache.acquire('c')).release();
    expect(opener.closed).toEqual(['a', 'b']);
    await cache.close();
    expect(opener.closed).toEqual(['a', 'b', 'c']);
  });

  it('opens a path once for two callers, and again after a failure', async () => {
    const opener = makeOpener(1);
    let fail = true;
    const cache = createSessionCache({
      budgetBytes: 100,
      open: async (path) => {
        if (fail) {
          throw new Error('no such file');
        }
        return opener.open(path);
      },
    });
    await expect(cache.acquire('a')).rejects.toThrow('no such file');
    fail = false;
    const leases = await Promise.all([cache.acquire('a'), cache.acquire('a')]);
    expect(opener.countOpened()).toBe(1);
    for (const lease of leases) {
      lease.release();
    }
  });
});
