import { expect, it } from 'vitest';
import type { ModelSession } from '../../runtime/session.ts';
import type { HostTensor } from '../../runtime/tensor.ts';
import { createUnusedNetwork } from '../testing/unused-network.ts';
import { createBatchRunner } from './batch.ts';
import type { DenoiseInput } from './model.ts';

type Feeds = Readonly<Record<string, HostTensor>>;

/** A network of 1 × 1 pictures that keeps what it was told and answers with its sample, when it is let. */
function createNetwork(inputs: ModelSession['inputs'] = []) {
  const bound: Feeds[] = [];
  const told: Readonly<Record<string, readonly (number | bigint)[]>>[] = [];
  let gate: Promise<unknown> = Promise.resolve();
  const network = {
    ...createUnusedNetwork(),
    inputs,
    bind(feeds: Feeds) {
      bound.push(feeds);
      return async () => {
        await gate;
        told.push(Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, [...data]])));
        const { shape, data } = feeds.sample;
        return { shape, data: data.slice() };
      };
    },
  };
  return {
    bound,
    told,
    run: createBatchRunner(network, { size: 1, width: 2 }),
    waitFor: (next: Promise<unknown>) => {
      gate = next;
    },
  };
}

const nothing = { task: 0, condition: new Float32Array(3), mask: new Float32Array(1), strength: 0 };
const inpaint = {
  task: 1,
  condition: Float32Array.of(0.1, 0.2, 0.3),
  mask: Float32Array.of(1),
  strength: 0.5,
};
const words = Float32Array.of(1, 2);
const noWords = Float32Array.of(3, 4);
const withReference = Float32Array.of(5, 6, 7, 8);

function input(value: number, changes: Partial<DenoiseInput> = {}): DenoiseInput {
  const x = Float32Array.of(value, value + 1, value + 2);
  return { x, t: value / 10, jump: null, branches: [words], conditioning: nothing, ...changes };
}

it('gives every branch of every picture its row, and its own prediction back', async () => {
  const { run, told } = createNetwork();
  const both = [words, noWords];
  const [first, second] = await run([input(1, { branches: both }), input(5, { conditioning: inpaint })]);
  expect(first.map((one) => [...one])).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  expect(second).toEqual([Float32Array.of(5, 6, 7)]);
  expect(told[0]).toMatchObject({
    timestep: [0.1, 0.1, 0.5].map(Math.fround),
    task: [0n, 0n, 1n],
    condition_mask: [0, 0, 1],
    condition_strength: [0, 0, 0.5],
    condition: [0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3].map(Math.fround),
    encoder_hidden_states: [1, 2, 3, 4, 1, 2],
  });
});

it('tells a network with a flow map where a step goes, and of one without that its length is none', async () => {
  const { run, told } = createNetwork([{ name: 'timestep_next', type: 'float32', shape: ['B'] }]);
  await run([input(5, { jump: { to: 0.25, guidanceScale: 3 } }), input(5)]);
  expect(told[0]).toMatchObject({ timestep: [0.5, 0.5], timestep_next: [0.25, 0.5], guidance_scale: [3, 1] });
  const before = createNetwork();
  await before.run([input(5)]);
  expect(before.told[0]).not.toHaveProperty('timestep_next');
});

it('binds once for runs of one size, and tells each what is new', async () => {
  const { run, told, bound } = createNetwork();
  const x = Float32Array.of(1, 1, 1);
  await run([{ x, t: 1, jump: null, branches: [words], conditioning: nothing }]);
  x.fill(2);
  const [[prediction]] = await run([{ x, t: 0.5, jump: null, branches: [words], conditioning: nothing }]);
  await run([input(3, { branches: [noWords], conditioning: inpaint })]);
  expect(bound).toHaveLength(1);
  expect(told.map(({ sample, timestep }) => [sample[0], timestep[0]])).toEqual([
    [1, 1],
    [2, 0.5],
    [3, Math.fround(0.3)],
  ]);
  expect(told[1].encoder_hidden_states).toEqual([1, 2]);
  expect(told[2]).toMatchObject({ encoder_hidden_states: [3, 4], task: [1n] });
  expect([...prediction]).toEqual([2, 2, 2]);
});

it('ends shorter states in zeros, whatever stood there before', async () => {
  const { run, told, bound } = createNetwork();
  await run([input(1, { branches: [withReference, withReference] })]);
  await run([input(1, { branches: [words, withReference] })]);
  expect(bound).toHaveLength(1);
  expect(bound[0].encoder_hidden_states.shape).toEqual([2, 2, 2]);
  expect(told[1].encoder_hidden_states).toEqual([1, 2, 0, 0, 5, 6, 7, 8]);
});

it('keeps runs apart that are asked for at the same time, and leaves the arrays of one that failed', async () => {
  const { run, told, bound, waitFor } = createNetwork();
  const together = await Promise.all([run([input(1)]), run([input(2)])]);
  expect(together.map(([[one]]) => one[0])).toEqual([1, 2]);
  expect(bound).toHaveLength(2);
  waitFor(Promise.reject(new Error('out of memory')));
  await expect(run([input(3)])).rejects.toThrow('out of memory');
  waitFor(Promise.resolve());
  await Promise.all([run([input(4)]), run([input(5)])]);
  expect(bound).toHaveLength(3);
  expect(told.at(-1)?.sample[0]).toBe(5);
});
