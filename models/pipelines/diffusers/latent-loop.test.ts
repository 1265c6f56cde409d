import { describe, expect, it } from 'vitest';
import { readScheduler } from '../../core/config/read.ts';
import { classifierFree } from '../../core/guidance/classifier-free.ts';
import type { Branch } from '../../core/types.ts';
import type { ModelSession } from '../../runtime/session.ts';
import { createUnusedNetwork, unused } from '../testing/unused-network.ts';
import type { BranchWay } from '../branch-trial.ts';
import { runLatentLoop } from './latent-loop.ts';
import type { ModelFolder } from './model-folder.ts';

const folder: ModelFolder = {
  has: () => false,
  find: () => null,
  open: unused,
  tokenizer: unused,
  readIndex: unused,
  readSchedulerConfig: unused,
  close: () => {},
};

/** Runs 20 guided steps on four numbers; `most` is how many branches the network takes in one run. */
async function run(denoiser: ModelSession, options: { most?: number; branchWay?: BranchWay } = {}) {
  const calls: (readonly Branch[])[] = [];
  const { scheduler } = readScheduler({ _class_name: 'EulerDiscreteScheduler' });
  const loop = runLatentLoop({
    plan: scheduler.plan({ steps: 20 }),
    x: Float32Array.of(1, -2, 3, -4),
    shape: [1, 4, 1, 1],
    guidance: classifierFree({ scale: 3 }),
    denoiser,
    context: { folder, signal: new AbortController().signal, branchWay: options.branchWay },
    async evaluate(branches, { input }) {
      if (branches.length > (options.most ?? 2)) throw new Error('the batch is fixed');
      calls.push(branches);
      return branches.map((branch) =>
        Float32Array.from(input, (value) => value * (branch === 'positive' ? 0.9 : 0.7)),
      );
    },
  });
  let turn = await loop.next();
  while (turn.done !== true) turn = await loop.next();
  return { calls, x: turn.value };
}

describe('guidance branches in a run', () => {
  it('go both ways at first, each branch once a step, and then one way in later runs too', async () => {
    const network = createUnusedNetwork();
    const { calls } = await run(network);
    expect(calls.flat()).toHaveLength(40);
    const sizes = calls.map(({ length }) => length);
    expect(sizes.slice(0, 12)).toEqual([2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1]);
    const settled = new Set(sizes.slice(12));
    expect(settled.size).toBe(1);
    const again = await run(network);
    expect(new Set(again.calls.map(({ length }) => length))).toEqual(settled);
  });

  it('give the same result either way', async () => {
    const together = await run(createUnusedNetwork(), { branchWay: 'together' });
    const oneByOne = await run(createUnusedNetwork(), { branchWay: 'one-by-one' });
    expect(together.calls).toHaveLength(20);
    expect(oneByOne.calls).toHaveLength(40);
    expect(oneByOne.x).toEqual(together.x);
    expect((await run(createUnusedNetwork())).x).toEqual(together.x);
  });

  it('go one by one through a network that takes one at a time', async () => {
    const { calls, x } = await run(createUnusedNetwork(), { most: 1 });
    expect(calls.map(({ length }) => length)).toEqual(Array.from({ length: 40 }, () => 1));
    expect(x).toEqual((await run(createUnusedNetwork())).x);
  });
});
