import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUSE_PACKS_FOLDER, type VerifiedPack, verifyPack } from '../../catalog/packs.ts';
import { type Device, openDevice } from '../../runtime/device.ts';
import { type ImageModel, openImageModel } from '../image-model.ts';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { createLanes } from './lanes.ts';
import type { DenoiseInput } from './model.ts';

const noConditioning = { task: 0, condition: Float32Array.of(0), mask: Float32Array.of(0), strength: 0 };

function inputOf(t: number): DenoiseInput {
  return {
    x: Float32Array.of(t),
    t,
    jump: null,
    branches: [Float32Array.of(0)],
    conditioning: noConditioning,
  };
}

/** A network that answers x0 = 10 · t and remembers what it was asked together. */
function createNetwork(options: { readonly failsAt?: number } = {}) {
  const runs: number[][] = [];
  return {
    runs,
    async run(inputs: readonly DenoiseInput[]) {
      runs.push(inputs.map((input) => input.t));
      await new Promise((resolve) => setImmediate(resolve));
      if (inputs.some((input) => input.t === options.failsAt)) throw new Error('a bad input');
      return inputs.map((input) => [Float32Array.of(input.t * 10)]);
    },
  };
}

describe('lanes', () => {
  it('runs what all have asked for at once and gives each its own answer', async () => {
    const network = createNetwork();
    const lanes = createLanes({ most: 4, run: network.run, now: () => performance.now() });
    const draw = async (start: number, steps: number) => {
      const lane = lanes.enter();
      const got: number[] = [];
      for (let step = 0; step < steps; step += 1) got.push((await lane.denoise(inputOf(start + step)))[0][0]);
      lane.leave();
      return got;
    };
    const drawn = await Promise.all([draw(1, 3), draw(11, 3), draw(21, 1)]);
    expect(drawn).toEqual([[10, 20, 30], [110, 120, 130], [210]]);
    // The first to ask is alone in the house, so it does not wait; then they go in step.
    expect(network.runs.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 11, 12, 13, 21]);
    expect(network.runs.some((run) => run.length === 3)).toBe(true);
  });

  it('runs no more at once than it should', async () => {
    const network = createNetwork();
    const lanes = createLanes({ most: 2, run: network.run, now: () => performance.now() });
    const asked = Array.from({ length: 5 }, (_, i) => lanes.enter().denoise(inputOf(i + 1)));
    expect((await Promise.all(asked)).map(([answer]) => answer[0])).toEqual([10, 20, 30, 40, 50]);
    expect(Math.max(...network.runs.map((run) => run.length))).toBe(2);
  });

  it('does not wait for one that left, nor long for one that is busy elsewhere', async () => {
    const network = createNetwork();
    const lanes = createLanes({ most: 4, run: network.run, now: () => performance.now() });
    const [a, b, c] = [lanes.enter(), lanes.enter(), lanes.enter()];
    await Promise.all([a.denoise(inputOf(1)), b.denoise(inputOf(2)), c.denoise(inputOf(3))]);
    b.leave();
    // c is encoding something and never asks again.
    expect((await a.denoise(inputOf(4)))[0][0]).toBe(40);
  });

  it('fails one for its own input only', async () => {
    const network = createNetwork({ failsAt: 2 });
    const lanes = createLanes({ most: 4, run: network.run, now: () => performance.now() });
    const asked = [1, 2, 3].map((t) => lanes.enter().denoise(inputOf(t)));
    const ended = await Promise.allSettled(asked);
    expect(ended.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('says what of the time was the others’', async () => {
    let clock = 0;
    const lanes = createLanes({
      most: 4,
      now: () => clock,
      async run(inputs) {
        await new Promise((resolve) => setImmediate(resolve));
        clock += 40;
        return inputs.map(() => [Float32Array.of(0)]);
      },
    });
    const alone = lanes.enter();
    await alone.denoise(inputOf(1));
    expect(alone.othersMs).toBe(0);
    const four = [alone, lanes.enter(), lanes.enter(), lanes.enter()];
    const warm = four.map((lane) => lane.denoise(inputOf(1)));
    await Promise.all(warm);
    const before = alone.othersMs;
    await Promise.all(four.map((lane) => lane.denoise(inputOf(2))));
    expect(alone.othersMs - before).toBe(30);
  });
});

describe('the house pack in lanes', () => {
  let device: Device;
  let pack: VerifiedPack;
  let alone: ImageModel;
  let together: ImageModel;

  beforeAll(async () => {
    device = await openDevice({ threads: 1 });
    pack = await verifyPack(join(HOUSE_PACKS_FOLDER, 'house-image'));
    alone = await openImageModel(pack, device.sessions, { warmUp: false });
    together = await openImageModel(pack, device.sessions, { warmUp: false, lanes: 8 });
  });

  afterAll(async () => {
    alone.close();
    together.close();
    await device.sessions.close();
  });

  const side = 256;
  const picture = {
    width: side,
    height: side,
    data: Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7) % 251),
  };
  const mask = {
    width: side,
    height: side,
    data: Uint8Array.from({ length: side * side }, (_, i) => (i % side > 99 ? 255 : 0)),
  };
  const base = {
    ...plainRequest,
    width: side,
    height: side,
    steps: 4,
  } as const satisfies ImageRequest;
  const requests: readonly ImageRequest[] = [
    base,
    { ...base, prompt: 'a lighthouse at night', seed: 8 },
    { ...base, mode: 'image-to-image', strength: 0.5, source: picture, seed: 9 },
    { ...base, mode: 'inpaint', source: picture, mask, seed: 10, steps: 6 },
    { ...base, solver: 'flow-heun', seed: 11, steps: 3 },
    { ...base, guidanceScale: 1, seed: 12 },
    { ...base, negativePrompt: 'blurry', seed: 13, width: 128, height: 192 },
    { ...base, seed: 14 },
  ];

  async function draw(model: ImageModel, request: ImageRequest, signal = new AbortController().signal) {
    for await (const event of model.generate(request, { signal, now: () => performance.now() })) {
      if (event.type === 'result') return event;
    }
    throw new Error('no picture');
  }

  it.each([2, 3, 5, 8])(
    '%i different requests at once give the very pixels they give alone',
    async (count) => {
      const chosen = requests.slice(0, count);
      const shared = await Promise.all(chosen.map((request) => draw(together, request)));
      for (const [i, request] of chosen.entries()) {
        expect(shared[i].rgb).toEqual((await draw(alone, request)).rgb);
      }
      expect(shared[0].timings.othersMs).toBeGreaterThan(0);
    },
  );

  it('one that is cancelled leaves the others’ pictures as they are', async () => {
    const stop = new AbortController();
    const [kept, cancelled] = await Promise.allSettled([
      draw(together, base),
      (async () => {
        for await (const event of together.generate(requests[1], { signal: stop.signal, now: () => 0 })) {
          if (event.type === 'progress' && event.step === 2) stop.abort(new Error('cancelled'));
        }
      })(),
    ]);
    expect(cancelled.status).toBe('rejected');
    expect(kept.status === 'fulfilled' && kept.value.rgb).toEqual((await draw(alone, base)).rgb);
  });
});
