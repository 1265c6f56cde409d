import { describe, expect, it } from 'vitest';
import { createUnusedNetwork } from './testing/unused-network.ts';
import { type BranchWay, branchTrialOf, createBranchTrial } from './branch-trial.ts';

/** A device on which a run of each way takes so many milliseconds; the first of each is a hundred times slower. */
function createDevice(cost: Readonly<Record<BranchWay, number>>) {
  let clock = 0;
  const taken: BranchWay[] = [];
  const take = (way: BranchWay) => async () => {
    clock += cost[way] * (taken.includes(way) ? 1 : 100);
    taken.push(way);
    return way;
  };
  return {
    now: () => clock,
    taken,
    ways: { together: take('together'), 'one-by-one': take('one-by-one') },
  };
}

const refuse = () => Promise.reject(new Error('no memory for two'));

describe('createBranchTrial', () => {
  it.each([
    ['together', { together: 5, 'one-by-one': 6 }],
    ['one-by-one', { together: 7, 'one-by-one': 6 }],
  ] as const)('takes the branches %s when that is faster', async (faster, cost) => {
    const device = createDevice(cost);
    const trial = createBranchTrial(device.now);
    while (!trial.settled) await trial.run(device.ways);
    const measured = device.taken.length;
    for (let i = 0; i < 3; i += 1) expect(await trial.run(device.ways)).toBe(faster);
    expect(device.taken.slice(measured)).toEqual([faster, faster, faster]);
  });

  it('measures with the runs that are asked for, in turns, and with no others', async () => {
    const device = createDevice({ together: 5, 'one-by-one': 6 });
    const trial = createBranchTrial(device.now);
    for (let i = 0; i < 8; i += 1) {
      expect(trial.settled).toBe(false);
      await trial.run(device.ways);
      expect(device.taken).toHaveLength(i + 1);
    }
    expect(trial.settled).toBe(true);
    expect(device.taken.filter((way) => way === 'together')).toHaveLength(4);
  });

  it('gives up a way that the network does not take, without losing the run', async () => {
    const trial = createBranchTrial();
    expect(await trial.run({ together: refuse, 'one-by-one': async () => 'done' })).toBe('done');
    expect(trial).toMatchObject({ settled: true, next: 'one-by-one' });
  });

  it('fails as the network does when neither way works, and decides nothing', async () => {
    const trial = createBranchTrial();
    await expect(trial.run({ together: refuse, 'one-by-one': refuse })).rejects.toThrow('no memory');
    expect(trial.settled).toBe(false);
  });
});

describe('branchTrialOf', () => {
  it('keeps one trial for a network, a shape and a number of branches', () => {
    const network = createUnusedNetwork();
    const trial = branchTrialOf(network, [1, 4, 64, 64], 2);
    expect(branchTrialOf(network, [1, 4, 64, 64], 2)).toBe(trial);
    expect(branchTrialOf(network, [1, 4, 96, 96], 2)).not.toBe(trial);
    expect(branchTrialOf(network, [1, 4, 64, 64], 3)).not.toBe(trial);
    expect(branchTrialOf(createUnusedNetwork(), [1, 4, 64, 64], 2)).not.toBe(trial);
  });
});
