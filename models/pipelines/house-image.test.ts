import { describe, expect, it } from 'vitest';
import { type HouseImageManifest, houseImageManifestSchema } from '../catalog/manifest.ts';
import type { DenoiseInput, HouseImageModel } from './house/model.ts';
import { generateBatch, generateImage } from './house-image.ts';
import type { RgbPicture } from './image/picture.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { PipelineError } from './pipeline-error.ts';

const component = { file: 'x.onnx', sha256: '0'.repeat(64), bytes: 1 };
const manifest: HouseImageManifest = houseImageManifestSchema.parse({
  id: 'analytic',
  name: 'Analytic',
  version: '1',
  kind: 'image',
  pipeline: 'house-image',
  license: 'MIT',
  nativeSize: 16,
  scale: 2,
  prediction: 'sample',
  schedule: { family: 'flow' },
  defaults: { steps: 4, guidanceScale: 1, solver: 'flow-euler' },
  text: { tokenizer: 'tokenizer.json', length: 4, padId: 0 },
  components: { textEncoder: component, denoiser: component, upscaler: component },
  tasks: ['text-to-image', 'inpaint', 'edge'],
  vocabulary: 'vocabulary.json',
});

/** A denoiser with a known answer: x0 is 0.5 everywhere for a prompt and -0.5 for none, pulled a little towards x. */
function createAnalyticModel(): { readonly model: HouseImageModel; readonly calls: DenoiseInput[] } {
  const calls: DenoiseInput[] = [];
  return {
    calls,
    model: {
      manifest,
      sha256: '1'.repeat(64),
      batchesGuidance: false,
      encodePrompt: async (text) => Float32Array.of(text === '' ? -0.5 : 0.5),
      encodeReference: async () => {
        throw new PipelineError('unsupported', 'Analytic has not learned to follow a reference picture.');
      },
      countUnread: () => 0,
      async denoise(input) {
        calls.push({ ...input, x: Float32Array.from(input.x) });
        return input.branches.map((branch) => input.x.map((value) => branch[0] + 0.1 * value * input.t));
      },
      async upscale(planes, { width: size }) {
        const out = new Float32Array(planes.length * 4);
        for (let c = 0; c < 3; c += 1) {
          for (let y = 0; y < size * 2; y += 1) {
            for (let x = 0; x < size * 2; x += 1) {
              out[(c * size * 2 + y) * size * 2 + x] = planes[(c * size + (y >> 1)) * size + (x >> 1)];
            }
          }
        }
        return out;
      },
      close() {},
    },
  };
}

const request: ImageRequest = {
  mode: 'text-to-image',
  prompt: 'a fox',
  negativePrompt: '',
  seed: 7,
  width: 32,
  height: 32,
  steps: 6,
  guidanceScale: 1,
  solver: 'flow-euler',
  strength: 0.5,
  source: null,
  mask: null,
  controls: [],
};

const gradient = {
  width: 32,
  height: 32,
  data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 5) % 256),
};

const edgeMap = { kind: 'edge', strength: 1, range: [0, 1], picture: gradient } as const;

async function drain<T>(events: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const event of events) {
    all.push(event);
  }
  return all;
}

async function collect(
  wanted: ImageRequest,
  model: HouseImageModel,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly ImageEvent[]> {
  return drain(generateImage(wanted, { model, signal, now: () => performance.now() }));
}

function resultOf(events: readonly ImageEvent[]) {
  const last = events.at(-1);
  if (last?.type !== 'result') {
    throw new Error('the last event is not a result');
  }
  return last;
}

function progressOf(events: readonly ImageEvent[]) {
  return events.filter((event) => event.type === 'progress');
}

describe('text to image', () => {
  it('tells progress after each step, then one result', async () => {
    const { model, calls } = createAnalyticModel();
    const events = await collect(request, model);
    expect(progressOf(events).map(({ step, steps }) => [step, steps])).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => [step, 6]),
    );
    expect(resultOf(events)).toMatchObject({ width: 32, height: 32, timings: { evaluations: 6 } });
    expect(calls.map((call) => call.t)).toEqual([1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6].map(Math.fround));
  });

  it('draws a preview for who asks for one, of the step that was told', async () => {
    const { model } = createAnalyticModel();
    const x0 = [0.5, -0.5, 0, 0, 0, 0.25].map((value) => new Float32Array(3 * 16 * 16).fill(value));
    const denoise = async () => [x0.shift() ?? new Float32Array(0)];
    const events = generateImage(request, {
      model: { ...model, denoise },
      signal: new AbortController().signal,
      now: () => 0,
    });
    const seen: unknown[] = [];
    for await (const event of events) {
      if (event.type !== 'progress' || ![1, 2, 6].includes(event.step)) continue;
      const picture = event.preview?.();
      seen.push([event.step, picture?.width, picture?.height, picture?.data[0]]);
    }
    expect(seen).toEqual([
      [1, 16, 16, 191],
      [2, 16, 16, 64],
      [6, 16, 16, 159],
    ]);
  });

  it('starts from torch noise, so a seed means the same everywhere', async () => {
    const { model, calls } = createAnalyticModel();
    await collect({ ...request, seed: 0 }, model);
    expect(calls[0].x.slice(0, 3)).toEqual(
      Float32Array.of(-1.1258398294448853, -1.152360200881958, -0.2505785822868347),
    );
  });

  it('gives one picture a seed, also in a batch', async () => {
    const { model } = createAnalyticModel();
    const alone = resultOf(await collect({ ...request, seed: 8 }, model));
    const context = { model, signal: new AbortController().signal, now: () => 0 };
    const batch = await drain(generateBatch(request, [7, 8], context));
    const results = batch.filter((event) => event.type === 'result');
    expect(results.map((event) => event.seed)).toEqual([7, 8]);
    expect(results[1].rgb).toEqual(alone.rgb);
    expect(results[0].rgb).not.toEqual(alone.rgb);
  });

  it('guides away from the negative prompt', async () => {
    const { model, calls } = createAnalyticModel();
    const plain = resultOf(await collect(request, model)).rgb[0];
    const guided = resultOf(await collect({ ...request, guidanceScale: 1.5 }, model)).rgb[0];
    expect(calls.at(-1)?.branches).toHaveLength(2);
    expect(guided).toBeGreaterThan(plain + 40);
  });

  it('evaluates twice a step with Heun, and ends nearer to the exact answer than Euler', async () => {
    const { model, calls } = createAnalyticModel();
    const answer = async (solver: 'flow-euler' | 'flow-heun', steps: number) =>
      resultOf(await collect({ ...request, solver, steps }, model)).rgb;
    const exact = await answer('flow-heun', 50);
    calls.length = 0;
    const heun = await answer('flow-heun', 4);
    expect(calls).toHaveLength(7);
    const distance = (rgb: Uint8Array) =>
      rgb.reduce((total, value, i) => total + Math.abs(value - exact[i]), 0);
    expect(distance(heun)).toBeLessThan(distance(await answer('flow-euler', 4)));
  });

  it('cuts other shapes out of the covering square', async () => {
    const { model } = createAnalyticModel();
    const events = await collect({ ...request, width: 64, height: 32 }, model);
    expect(resultOf(events)).toMatchObject({ width: 64, height: 32 });
    expect(resultOf(events).rgb).toHaveLength(64 * 32 * 3);
    expect(progressOf(events)[0].preview?.()).toMatchObject({ width: 16, height: 8 });
  });

  it('stops between two evaluations when cancelled', async () => {
    const { model, calls } = createAnalyticModel();
    const controller = new AbortController();
    const events = generateImage(request, { model, signal: controller.signal, now: () => 0 });
    await events.next();
    controller.abort(new Error('cancelled by Mina'));
    await expect(drain(events)).rejects.toThrow('cancelled by Mina');
    expect(calls).toHaveLength(1);
  });
});

describe('image to image', () => {
  it('makes the share of steps that strength asks for, from the noised source', async () => {
    const { model, calls } = createAnalyticModel();
    await collect({ ...request, mode: 'image-to-image', source: gradient, strength: 0.5 }, model);
    expect(calls.map((call) => call.t)).toEqual([0.5, 2 / 6, 1 / 6].map(Math.fround));
  });

  it('returns the source itself at strength 0, with the detail that the small core cannot hold', async () => {
    const { model } = createAnalyticModel();
    const wanted = { ...request, mode: 'image-to-image', source: gradient, strength: 0 } as const;
    expect(resultOf(await collect(wanted, model)).rgb).toEqual(gradient.data);
  });

  it('brings back no detail of the source where something new was painted', async () => {
    const { model } = createAnalyticModel();
    const noise = {
      ...gradient,
      data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i % 2 === 0 ? 0 : 40)),
    };
    const result = resultOf(
      await collect({ ...request, mode: 'image-to-image', source: noise, strength: 0.9 }, model),
    );
    const neighbours = result.rgb
      .slice(3)
      .reduce((most, value, i) => Math.max(most, Math.abs(value - result.rgb[i])), 0);
    expect(neighbours).toBeLessThan(20);
  });

  it('evaluates nothing at strength 0', async () => {
    const { model, calls } = createAnalyticModel();
    const flat = { ...gradient, data: new Uint8Array(32 * 32 * 3).fill(77) };
    const result = resultOf(
      await collect({ ...request, mode: 'image-to-image', source: flat, strength: 0 }, model),
    );
    expect(calls).toHaveLength(0);
    expect(result.rgb.every((value) => value === 77)).toBe(true);
  });
});

describe('instruct', () => {
  const edit = { ...request, mode: 'instruct', source: gradient, guidanceScale: 2 } as const;

  /** As the analytic model, of a pack that edits; what it is shown moves x0 by 0.2. */
  function createEditor() {
    const { model, calls } = createAnalyticModel();
    const denoise: HouseImageModel['denoise'] = async (input) =>
      (await model.denoise(input)).map((x0) => x0.map((value) => value + 0.2 * input.conditioning.strength));
    const tasks: HouseImageManifest['tasks'] = [...manifest.tasks, 'edit'];
    return { model: { ...model, manifest: { ...manifest, tasks }, denoise }, calls };
  }

  it('starts from noise alone and tells the words with the picture, the picture alone, and nothing', async () => {
    const { model, calls } = createEditor();
    const result = resultOf(await collect(edit, model));
    expect(result.timings.evaluations).toBe(3 * request.steps);
    expect(calls[0].t).toBe(1);
    expect(calls[0].x.slice(0, 2)).toEqual((await firstNoise()).slice(0, 2));
    const [shown, blank] = calls;
    expect(shown.branches.map((states) => states[0])).toEqual([0.5, -0.5]);
    expect(shown.conditioning).toMatchObject({ task: 7, strength: 1 });
    const redOfFirst = [0, 3, 96, 99].reduce((sum, i) => sum + gradient.data[i], 0) / 4;
    expect(shown.conditioning.condition[0]).toBeCloseTo((redOfFirst / 255) * 2 - 1, 5);
    expect(shown.conditioning.mask.every((value) => value === 0)).toBe(true);
    expect(blank.branches.map((states) => states[0])).toEqual([-0.5]);
    expect(blank.conditioning).toMatchObject({ task: 7, strength: 0 });
    expect(blank.conditioning.condition.every((value) => value === 0)).toBe(true);
  });

  it('is guided by the words and by the picture, each at its own scale', async () => {
    const { model } = createEditor();
    const x0 = async (changes: Partial<ImageRequest>) => {
      const noise = await firstNoise();
      const context = { model, signal: new AbortController().signal, now: () => 0 };
      const { value: event } = await generateImage({ ...edit, steps: 1, ...changes }, context).next();
      if (event?.type !== 'progress') throw new Error('no progress');
      return { red: event.preview?.().data[0], noise: noise[0] };
    };
    // none + s·(both - image) + s_image·(image - none), as bytes; noise adds a tenth of itself to each.
    const byHand = (words: number, picture: number, noise: number) =>
      Math.round(
        Math.min(Math.max((-0.5 + 0.1 * noise + words * 1 + picture * 0.2) * 0.5 + 0.5, 0), 1) * 255,
      );
    const usual = await x0({ guidanceScale: 0.5 });
    expect(usual.red).toBe(byHand(0.5, 1.5, usual.noise));
    const loose = await x0({ guidanceScale: 0.25, imageGuidanceScale: 4 });
    expect(loose.red).toBe(byHand(0.25, 4, loose.noise));
  });

  it('restores the detail of what it did not change', async () => {
    const { model } = createEditor();
    const source = fineLines();
    const keeping: HouseImageModel = {
      ...model,
      denoise: async ({ branches, conditioning }) => branches.map(() => conditioning.condition),
    };
    const kept = resultOf(await collect({ ...edit, source, imageGuidanceScale: 1 }, keeping)).rgb;
    const most = kept.reduce((worst, value, i) => Math.max(worst, Math.abs(value - source.data[i])), 0);
    expect(most).toBeLessThanOrEqual(1);
  });

  it('follows neither maps nor a reference picture', async () => {
    const { model } = createEditor();
    await expect(collect({ ...edit, controls: [edgeMap] }, model)).rejects.toThrow(/neither maps nor/);
    const reference = { picture: gradient, strength: 1 };
    await expect(collect({ ...edit, reference }, model)).rejects.toThrow(/neither maps nor/);
  });

  async function firstNoise(): Promise<Float32Array> {
    const { model, calls } = createAnalyticModel();
    await collect({ ...request, steps: 1 }, model);
    return calls[0].x;
  }

  function fineLines(): RgbPicture {
    const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 60 : 180));
    return { width: 32, height: 32, data };
  }
});

describe('a reference picture', () => {
  const reference = { picture: gradient, strength: 0.5 };

  function createFollower() {
    const { model, calls } = createAnalyticModel();
    const seen: RgbPicture[] = [];
    const follower: HouseImageModel = {
      ...model,
      encodeReference: async (picture) => {
        seen.push(picture);
        return Float32Array.of(8, 4);
      },
    };
    return { model: follower, calls, seen };
  }

  it('stands behind the words at its strength, and behind nothing in what is guided away from', async () => {
    const { model, calls, seen } = createFollower();
    await collect({ ...request, guidanceScale: 3, reference }, model);
    expect(calls[0].branches.map((states) => [...states])).toEqual([[-0.5], [0.5, 4, 2]]);
    expect(calls[0].conditioning.task).toBe(0);
    expect(seen).toEqual([gradient]);
  });

  it('is followed with a map and while repainting, and not at strength 0', async () => {
    const { model, calls, seen } = createFollower();
    const mask = { width: 32, height: 32, data: new Uint8Array(32 * 32).fill(255) };
    await collect({ ...request, mode: 'inpaint', source: gradient, mask, strength: 1, reference }, model);
    expect(calls[0]).toMatchObject({ conditioning: { task: 1 } });
    expect(calls[0].branches[0]).toHaveLength(3);
    calls.length = 0;
    await collect({ ...request, controls: [edgeMap], reference }, model);
    expect(calls[0]).toMatchObject({ conditioning: { task: 2 } });
    expect(calls[0].branches[0]).toHaveLength(3);
    calls.length = 0;
    seen.length = 0;
    await collect({ ...request, reference: { ...reference, strength: 0 } }, model);
    expect(calls[0].branches[0]).toHaveLength(1);
    expect(seen).toEqual([]);
  });

  it('is refused at a strength beyond what was trained', async () => {
    const { model } = createFollower();
    const strong = { ...reference, strength: 1.5 };
    await expect(collect({ ...request, reference: strong }, model)).rejects.toThrow(/strength from 0 to 1/);
  });
});

describe('inpaint and extend', () => {
  const mask = {
    width: 32,
    height: 32,
    data: Uint8Array.from({ length: 32 * 32 }, (_, i) => (i % 32 >= 16 ? 255 : 0)),
  };

  it('keeps every byte outside the mask and repaints inside', async () => {
    const { model, calls } = createAnalyticModel();
    const result = resultOf(
      await collect({ ...request, mode: 'inpaint', source: gradient, mask, strength: 1 }, model),
    );
    let changed = 0;
    for (let i = 0; i < mask.data.length; i += 1) {
      for (let c = 0; c < 3; c += 1) {
        const differs = result.rgb[i * 3 + c] !== gradient.data[i * 3 + c];
        expect(differs && mask.data[i] === 0).toBe(false);
        changed += differs ? 1 : 0;
      }
    }
    expect(changed).toBeGreaterThan(1000);
    expect(calls[0].conditioning.task).toBe(1);
    expect(calls[0].conditioning.mask[0]).toBe(0);
    expect(calls[0].conditioning.mask[15]).toBe(1);
    expect(calls[0].conditioning.condition[15]).toBe(0);
  });

  it('shows the network the known pixels at the noise level of each step', async () => {
    const { model, calls } = createAnalyticModel();
    await collect({ ...request, mode: 'inpaint', source: gradient, mask, strength: 1 }, model);
    const { condition } = calls[0].conditioning;
    const second = calls[1];
    expect(second.x[0]).toBeCloseTo((1 - second.t) * condition[0] + second.t * calls[0].x[0], 5);
  });

  it('fades an extension from the nearest known pixels, not from the empty canvas', async () => {
    const { model } = createAnalyticModel();
    const half = {
      ...gradient,
      data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (Math.floor(i / 3) % 32 < 16 ? 190 : 0)),
    };
    const result = resultOf(await collect({ ...request, mode: 'extend', source: half, mask }, model));
    expect(result.rgb[16 * 3]).toBeGreaterThan(150);
  });
});

describe('what cannot be made', () => {
  const cases: readonly (readonly [string, Partial<ImageRequest>, RegExp])[] = [
    ['no source', { mode: 'image-to-image' }, /needs a source/],
    ['no mask', { mode: 'inpaint', source: gradient }, /needs a mask/],
    [
      'an empty mask',
      { mode: 'inpaint', source: gradient, mask: { width: 32, height: 32, data: new Uint8Array(1024) } },
      /empty/,
    ],
    ['a source of another size', { mode: 'image-to-image', source: { ...gradient, width: 16 } }, /16 × 32/],
    ['an unlearned control map', { controls: [{ ...edgeMap, kind: 'depth' }] }, /not learned.*knows edge/],
    [
      'a strength beyond what was trained',
      { controls: [{ ...edgeMap, strength: 1.5 }] },
      /strength from 0 to 1/,
    ],
    ['an edit by instruction', { mode: 'instruct', source: gradient }, /not learned to edit by instruction/],
    ['a reference picture', { reference: { picture: gradient, strength: 1 } }, /reference picture/],
  ];
  it.each(cases)('says so for %s', async (_name, changes, message) => {
    const { model } = createAnalyticModel();
    await expect(collect({ ...request, ...changes }, model)).rejects.toThrow(message);
  });

  const guided = { ...request, guidanceScale: 3 };

  it('tells the words of a map at its strength, and what to stay away from nothing', async () => {
    const { model, calls } = createAnalyticModel();
    await collect({ ...guided, controls: [{ ...edgeMap, strength: 0.7 }] }, model);
    expect(calls).toHaveLength(2 * request.steps);
    expect(calls[0].conditioning).toMatchObject({ task: 0, strength: 0 });
    expect(calls[1].conditioning).toMatchObject({ task: 2, strength: 0.7 });
  });

  it('follows several maps by the sum of what each changes', async () => {
    const { model, calls } = createAnalyticModel();
    await collect({ ...guided, controls: [edgeMap, { ...edgeMap, strength: 0.5 }] }, model);
    expect(calls.slice(0, 4).map((call) => call.conditioning.strength)).toEqual([0, 0, 1, 0.5]);
    expect(calls).toHaveLength(4 * request.steps);
  });

  it('follows a map only in its part of the run, and a hidden one never', async () => {
    const { model, calls } = createAnalyticModel();
    const controls = [
      { ...edgeMap, range: [0.5, 1] },
      { ...edgeMap, strength: 0 },
    ] as const;
    await collect({ ...guided, controls }, model);
    // Three steps with both branches at once, then three with one of each.
    expect(calls.map((call) => call.conditioning.task)).toEqual([0, 0, 0, 0, 2, 0, 2, 0, 2]);
  });
});
