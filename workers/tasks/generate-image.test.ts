import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { houseImageManifestSchema } from '../../models/catalog/manifest.ts';
import { HOUSE_PACKS_FOLDER, listPackFolders } from '../../models/catalog/packs.ts';
import type { GenerationRequest } from '../../shared/contracts/generation.ts';
import { parseRecipeText, RECIPE_KEYWORD } from '../../shared/contracts/recipe.ts';
import { initialiseCanvas, rootsOf } from '../../shared/document/canvas.ts';
import {
  contentHashSchema,
  identityTransform,
  layerIdSchema,
  layerKeys,
  type Transform,
} from '../../shared/document/schema.ts';
import { encodeStroke } from '../../shared/document/strokes.ts';
import { readPngText } from '../../shared/png/text-chunk.ts';
import { packStroke } from '../../shared/raster/stroke-points.ts';
import { plainRequest } from '../../platform/testing/studio.ts';
import { hashBytes } from '../../platform/storage/port.ts';
import { type Run, type RunnerProcess, type RunOutcome, startRunner } from '../agent/runner-process.ts';
import type { GenerateImageInput } from './generate-image.ts';
import type { TaskProgress } from './task.ts';

const { tasks: houseTasks, components } = houseImageManifestSchema.parse(
  JSON.parse(readFileSync(join(HOUSE_PACKS_FOLDER, 'house-image/model.json'), 'utf8')),
);

let folder = '';
let runner: RunnerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gesso-task-'));
  runner = startRunner({
    cwd: folder,
    warm: { task: 'generate-image', packs: { ids: [], folders: [], lanes: null } },
  });
  await runner.ready;
});

afterAll(async () => {
  await runner.kill();
  await rm(folder, { recursive: true, force: true });
});

const side = 256;
/** A picture whose every pixel is its own: red and green are the place. */
const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
  const at = Math.floor(i / 3);
  return [at % side, Math.floor(at / side), 128][i % 3] ?? 0;
});

async function canvasWith(options: { readonly at: Transform; readonly mask: boolean }) {
  const png = new Uint8Array(
    await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer(),
  );
  const hash = hashBytes(png);
  const doc = new Y.Doc();
  initialiseCanvas(doc, 'a red fox');
  const { layers } = rootsOf(doc);
  const picture = new Y.Map<unknown>();
  layers.set('picture', picture);
  picture.set(layerKeys.kind, 'image');
  picture.set(layerKeys.position, [null, 'a0']);
  picture.set(layerKeys.transform, [...options.at]);
  picture.set(layerKeys.asset, hash);
  picture.set(layerKeys.size, [side, side]);
  if (options.mask) {
    const mask = new Y.Map<unknown>();
    layers.set('mask', mask);
    mask.set(layerKeys.kind, 'mask');
    mask.set(layerKeys.position, [null, 'a1']);
    mask.set(layerKeys.transform, [...identityTransform]);
    mask.set(layerKeys.tiles, new Y.Map());
    const strokes = new Y.Array<unknown>();
    mask.set(layerKeys.strokes, strokes);
    const points = packStroke([{ x: 128, y: 128, pressure: 1 }]);
    strokes.push([
      encodeStroke({ id: 's', tool: 'brush', size: 80, opacity: 1, hardness: 1, points, by: 'me' }),
    ]);
  }
  const canvasState = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return { canvasState, assets: new Map<string, Uint8Array>([[hash, png]]) };
}

function inputOf(
  request: Partial<GenerationRequest>,
  canvas?: Awaited<ReturnType<typeof canvasWith>>,
): GenerateImageInput {
  return {
    request: { ...plainRequest, steps: 4, ...request },
    canvasState: canvas?.canvasState ?? null,
    assets: canvas?.assets ?? new Map(),
    packFolders: [...listPackFolders(folder)],
    canvas: canvas === undefined ? null : { id: 'canvas', version: 3 },
    worker: 'test',
  };
}

async function run(
  input: GenerateImageInput,
  onProgress: (progress: TaskProgress) => void = () => undefined,
) {
  const outcome = await runner.run('generate-image', input, onProgress).ended;
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome.result;
}

const decode = async (bytes: Uint8Array | undefined) =>
  new Uint8Array(
    await sharp(bytes ?? new Uint8Array())
      .removeAlpha()
      .raw()
      .toBuffer(),
  );

/** A canvas with two scribbled lines, each a layer of its own. */
function canvasWithScribble(): Uint8Array {
  const doc = new Y.Doc();
  initialiseCanvas(doc, 'a red fox');
  for (const [id, y] of [
    ['above', 60],
    ['below', 200],
  ] as const) {
    const layer = new Y.Map<unknown>();
    rootsOf(doc).layers.set(id, layer);
    layer.set(layerKeys.kind, 'control');
    layer.set(layerKeys.map, 'scribble');
    layer.set(layerKeys.position, [null, id]);
    layer.set(layerKeys.tiles, new Y.Map());
    const points = packStroke([
      { x: 40, y, pressure: 1 },
      { x: 220, y, pressure: 1 },
    ]);
    const brush = { tool: 'brush', size: 8, opacity: 1, hardness: 1, points, by: 'me' } as const;
    layer.set(layerKeys.strokes, Y.Array.from([encodeStroke({ id: 's', ...brush })]));
  }
  const state = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return state;
}

describe('generate-image, in its own process with the house pack', () => {
  test('the same seed gives the same picture, in a batch or alone, and the PNG carries its recipe', async () => {
    const seen: TaskProgress[] = [];
    const both = await run(inputOf({ count: 2 }), (progress) => seen.push(progress));
    const alone = await run(inputOf({ seed: plainRequest.seed + 1 }));
    expect(both.outputs.map((output) => output.seed)).toEqual([plainRequest.seed, plainRequest.seed + 1]);
    expect(await decode(both.outputs[1]?.file.bytes)).toEqual(await decode(alone.outputs[0]?.file.bytes));
    expect(await decode(both.outputs[0]?.file.bytes)).not.toEqual(await decode(alone.outputs[0]?.file.bytes));
    const recipe = parseRecipeText(
      readPngText(alone.outputs[0]?.file.bytes ?? new Uint8Array(), RECIPE_KEYWORD) ?? '',
    );
    expect(recipe).toMatchObject({
      seed: 8,
      prompt: plainRequest.prompt,
      pack: { id: 'house-image' },
      worker: 'test',
    });
    expect(seen.at(-1)).toMatchObject({ step: 8, steps: 8 });
    const previews = seen.flatMap((progress) => (progress.preview === null ? [] : [progress.preview]));
    expect(previews.length).toBeGreaterThan(0);
    const preview = await sharp(Buffer.from(previews[0] ?? '', 'base64')).metadata();
    expect([preview.format, preview.width, preview.height]).toEqual(['webp', 64, 64]);
  });

  test('inpaint leaves every byte outside the mask, changes what is inside, and names both inputs', async () => {
    const canvas = await canvasWith({ at: identityTransform, mask: true });
    const made = await run(inputOf({ mode: 'inpaint', source: { kind: 'canvas' }, strength: 1 }, canvas));
    const picture = await decode(made.outputs[0]?.file.bytes);
    const at = (x: number, y: number) => [...picture.subarray((y * side + x) * 3, (y * side + x) * 3 + 3)];
    for (const [x, y] of [
      [0, 0],
      [255, 255],
      [128, 60],
      [20, 128],
    ] as const)
      expect(at(x, y)).toEqual([x, y, 128]);
    expect(at(128, 128)).not.toEqual([128, 128, 128]);
    expect(made.inputs.map((input) => input.role)).toEqual(['source', 'mask']);
    expect(await decode(made.inputs[0]?.file.bytes)).toEqual(pixels);
    expect(made.outputs[0]?.recipe).toMatchObject({
      mode: 'inpaint',
      canvas: { id: 'canvas', version: 3 },
      source: { sha256: hashBytes(made.inputs[0]?.file.bytes ?? new Uint8Array()) },
      mask: { sha256: hashBytes(made.inputs[1]?.file.bytes ?? new Uint8Array()) },
    });
  });

  test('extend keeps what is there and fills what is not', async () => {
    const canvas = await canvasWith({ at: [-128, 0, 1, 1, 0], mask: false });
    const made = await run(inputOf({ mode: 'extend', source: { kind: 'canvas' } }, canvas));
    const picture = await decode(made.outputs[0]?.file.bytes);
    expect([...picture.subarray(0, 3)]).toEqual([128, 0, 128]);
    const right = picture.subarray((100 * side + 250) * 3, (100 * side + 250) * 3 + 3);
    expect([...right]).not.toEqual([0, 0, 0]);
  });

  test('image to image at strength 0.3 stays nearer to its source than at 0.9', async () => {
    const canvas = await canvasWith({ at: identityTransform, mask: false });
    const distance = async (strength: number) => {
      const made = await run(
        inputOf({ mode: 'image-to-image', source: { kind: 'canvas' }, strength, steps: 10 }, canvas),
      );
      const picture = await decode(made.outputs[0]?.file.bytes);
      return picture.reduce((sum, value, i) => sum + Math.abs(value - (pixels[i] ?? 0)), 0) / picture.length;
    };
    expect(await distance(0.3)).toBeLessThan(await distance(0.9));
  });

  test('a control layer is composed, followed, stored, and named by the recipe', async () => {
    const control = { kind: 'scribble', strength: 0.8, range: [0, 0.9] } as const;
    const ask = (id: string) => ({
      ...inputOf({
        controls: [{ ...control, source: { kind: 'layers', layerIds: [layerIdSchema.parse(id)] } }],
      }),
      canvasState: canvasWithScribble(),
    });
    const above = await run(ask('above'));
    const below = await run(ask('below'));
    expect(await decode(above.outputs[0]?.file.bytes)).not.toEqual(
      await decode(below.outputs[0]?.file.bytes),
    );
    expect(above.inputs.map((input) => input.role)).toEqual(['control']);
    const bytes = above.inputs[0]?.file.bytes ?? new Uint8Array();
    const map = await decode(bytes);
    expect(map[(60 * side + 128) * 3]).toBe(255);
    expect(map[(200 * side + 128) * 3]).toBe(0);
    expect(above.outputs[0]?.recipe).toMatchObject({ controls: [{ ...control, sha256: hashBytes(bytes) }] });

    const stored = contentHashSchema.parse(hashBytes(bytes));
    const again = await run({
      ...inputOf({ controls: [{ ...control, source: { kind: 'asset', asset: stored } }] }),
      assets: new Map([[stored, bytes]]),
    });
    expect(await decode(again.outputs[0]?.file.bytes)).toEqual(await decode(above.outputs[0]?.file.bytes));
  });

  test('a map that the pack has not learned, or whose layer is gone, fails with words', async () => {
    const layers = (id: string) => ({ kind: 'layers' as const, layerIds: [layerIdSchema.parse(id)] });
    const control = { kind: 'pose', strength: 1, range: [0, 1], source: layers('above') } as const;
    const failing = async (request: Partial<GenerationRequest>) =>
      runner.run(
        'generate-image',
        { ...inputOf(request), canvasState: canvasWithScribble() },
        () => undefined,
      ).ended;
    expect(await failing({ controls: [control] })).toMatchObject({
      kind: 'failed',
      code: 'bad_input',
      message: expect.stringMatching(/not learned to follow pose maps; it knows edge/),
    });
    expect(await failing({ controls: [{ ...control, kind: 'edge', source: layers('gone') }] })).toMatchObject(
      {
        kind: 'failed',
        code: 'bad_input',
        message: expect.stringMatching(/not on the canvas/),
      },
    );
  });

  test('an edit by instruction shows the core the canvas and names both guidances, where the pack lists it', async () => {
    const canvas = await canvasWith({ at: identityTransform, mask: false });
    const ask = { mode: 'instruct', prompt: 'make it blue', source: { kind: 'canvas' } } as const;
    const outcome = await runner.run(
      'generate-image',
      inputOf({ ...ask, imageGuidanceScale: 2 }, canvas),
      () => undefined,
    ).ended;
    if (!houseTasks.includes('edit')) {
      expect(outcome).toMatchObject({
        kind: 'failed',
        code: 'bad_input',
        message: expect.stringMatching(/not learned to edit by instruction/),
      });
      return;
    }
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    const { inputs, outputs } = outcome.result;
    expect(inputs.map((input) => input.role)).toEqual(['source']);
    expect(outputs[0]?.recipe).toMatchObject({
      mode: 'instruct',
      imageGuidanceScale: 2,
      source: { sha256: hashBytes(inputs[0]?.file.bytes ?? new Uint8Array()) },
      mask: null,
    });
    const again = await run(inputOf({ ...ask, imageGuidanceScale: 4 }, canvas));
    expect(await decode(again.outputs[0]?.file.bytes)).not.toEqual(await decode(outputs[0]?.file.bytes));
  });

  test('a reference picture is followed and named by its own hash, where the pack lists it', async () => {
    const { assets } = await canvasWith({ at: identityTransform, mask: false });
    const asset = contentHashSchema.parse([...assets.keys()][0]);
    const ask = (strength: number) => ({ ...inputOf({ reference: { asset, strength } }), assets });
    const outcome = await runner.run('generate-image', ask(0.7), () => undefined).ended;
    if (!houseTasks.includes('reference')) {
      expect(outcome).toMatchObject({
        kind: 'failed',
        code: 'bad_input',
        message: expect.stringMatching(/not learned to follow a reference picture/),
      });
      return;
    }
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    const [made] = outcome.result.outputs;
    expect(made?.recipe).toMatchObject({ reference: { strength: 0.7, sha256: asset } });
    const [ignored, free] = [await run(ask(0)), await run(inputOf({}))];
    const pixelsOf = (result: typeof free) => decode(result.outputs[0]?.file.bytes);
    expect(await pixelsOf(ignored)).toEqual(await pixelsOf(free));
    expect(await decode(made?.file.bytes)).not.toEqual(await pixelsOf(free));
  });

  test('a stored picture is enlarged as it is, the whole of it, and named by its own hash', async () => {
    const { assets } = await canvasWith({ at: identityTransform, mask: false });
    const asset = contentHashSchema.parse([...assets.keys()][0]);
    const source = { kind: 'assets', source: asset, mask: null } as const;
    const ask = (scale: 2 | 4, size = side * scale) => ({
      ...inputOf({ mode: 'upscale', scale, width: size, height: size, prompt: 'Fox', source, steps: 1 }),
      assets,
    });
    const seen: TaskProgress[] = [];
    const made = await run(ask(4), (progress) => seen.push(progress));
    const [output] = made.outputs;
    expect(made.inputs).toEqual([]);
    expect(output?.recipe).toMatchObject({
      mode: 'upscale',
      scale: 4,
      prompt: '',
      width: 1_024,
      source: { sha256: asset },
      mask: null,
    });
    expect(seen.map(({ step, steps }) => [step, steps])).toEqual([1, 2, 3, 4].map((step) => [step, 4]));
    const { width, height, channels } = await sharp(output?.file.bytes ?? new Uint8Array()).metadata();
    expect([width, height, channels]).toEqual([1_024, 1_024, 3]);
    // Red and green are the place, so a tile in the wrong one would be seen.
    const picture = await decode(output?.file.bytes);
    for (const [x, y] of [
      [100, 900],
      [511, 512],
      [700, 300],
    ] as const) {
      const [red, green] = picture.subarray((y * 1_024 + x) * 3);
      expect(Math.abs((red ?? 0) - x / 4)).toBeLessThan(6);
      expect(Math.abs((green ?? 0) - y / 4)).toBeLessThan(6);
    }

    const lie = await runner.run('generate-image', ask(2, 1_024), () => undefined).ended;
    expect(lie).toMatchObject({ kind: 'failed', code: 'bad_input', message: /source is 256 × 256/ });
    const stopped: Run = runner.run('generate-image', ask(4), () => stopped.cancel());
    expect(await stopped.ended).toMatchObject({ kind: 'cancelled' });
  });

  test('what is transparent in a stored picture stays so when it is enlarged', async () => {
    const rgba = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (Math.floor(i / 4) % 64 < 32 ? 0 : 255));
    const png = new Uint8Array(
      await sharp(rgba, { raw: { width: 64, height: 64, channels: 4 } })
        .png()
        .toBuffer(),
    );
    const asset = contentHashSchema.parse(hashBytes(png));
    const source = { kind: 'assets', source: asset, mask: null } as const;
    const made = await run({
      ...inputOf({ mode: 'upscale', scale: 2, width: 128, height: 128, source }),
      assets: new Map([[asset, png]]),
    });
    const { data, info } = await sharp(made.outputs[0]?.file.bytes ?? new Uint8Array())
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.channels]).toEqual([128, 4]);
    expect(data[(64 * 128 + 20) * 4 + 3]).toBe(0);
    expect([...data.subarray((64 * 128 + 110) * 4, (64 * 128 + 110) * 4 + 4)]).toEqual([255, 255, 255, 255]);
  });

  test('8-bit and exact pictures of one pack are made side by side where it has both, else the first is refused', async () => {
    const ask = (arithmetic: GenerationRequest['arithmetic']) =>
      runner.run('generate-image', inputOf({ arithmetic, steps: 2 }), () => undefined).ended;
    const [fast, exact] = await Promise.all([ask('int8'), ask('exact')]);
    if (exact.kind !== 'done') throw new Error(JSON.stringify(exact));
    expect(exact.result.outputs[0]?.recipe).not.toHaveProperty('arithmetic', 'int8');
    if (components.denoiserInt8 === undefined) {
      expect(fast).toMatchObject({ kind: 'failed', code: 'bad_input' });
      expect(JSON.stringify(fast)).toContain('has no graph for 8-bit arithmetic');
      return;
    }
    if (fast.kind !== 'done') throw new Error(JSON.stringify(fast));
    expect(fast.result.outputs[0]?.recipe).toMatchObject({ arithmetic: 'int8' });
    const picture = await decode(fast.result.outputs[0]?.file.bytes);
    expect(picture).not.toEqual(await decode(exact.result.outputs[0]?.file.bytes));
    // Neither has closed the other.
    expect((await ask('int8')).kind).toBe('done');
    expect((await ask('exact')).kind).toBe('done');
  });

  test('a request that contradicts the pixels fails with words, a cancelled one stops', async () => {
    const canvas = await canvasWith({ at: identityTransform, mask: false });
    const failed = await runner.run(
      'generate-image',
      inputOf({ mode: 'inpaint', source: { kind: 'canvas' } }, canvas),
      () => undefined,
    ).ended;
    expect(failed).toMatchObject({ kind: 'failed', code: 'bad_input' });
    const long: Run = runner.run('generate-image', inputOf({ steps: 50, count: 8 }), () => long.cancel());
    expect(await long.ended).toMatchObject({ kind: 'cancelled' });
  });

  test('an unknown pack says so', async () => {
    const failed = await runner.run('generate-image', inputOf({ pack: 'nowhere' }), () => undefined).ended;
    expect(failed).toMatchObject({ kind: 'failed', code: 'unavailable' });
  });
});

describe('generate-image with lanes', () => {
  let shared: RunnerProcess;

  beforeAll(async () => {
    const folders = [HOUSE_PACKS_FOLDER];
    const packs = { ids: ['house-image'], folders, lanes: 4 };
    shared = startRunner({ cwd: folder, warm: { task: 'generate-image', packs } });
    await shared.ready;
  });

  afterAll(() => shared.kill());

  const pixelsOf = async (outcome: RunOutcome) => {
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    return Promise.all(outcome.result.outputs.map((output) => decode(output.file.bytes)));
  };

  test('[Q15] requests of several people in one runner: each gets the pixels it gets alone, and its own progress', async () => {
    expect(shared.lanesOf('house-image')).toBe(4);
    expect(shared.lanesOf('another')).toBe(1);
    const canvas = await canvasWith({ at: identityTransform, mask: true });
    const inputs = [
      inputOf({ seed: 1, count: 2 }),
      inputOf({ seed: 2, prompt: 'a lighthouse at night', steps: 5 }),
      inputOf({ seed: 3, mode: 'inpaint', source: { kind: 'canvas' } }, canvas),
      inputOf({ seed: 4, solver: 'flow-heun', steps: 4 }),
    ];
    const seen = inputs.map(() => new Set<number>());
    const together = await Promise.all(
      inputs.map((input, i) => shared.run('generate-image', input, ({ steps }) => seen[i]?.add(steps)).ended),
    );
    expect(seen.map((steps) => [...steps])).toEqual([[8], [5], [2], [4]]);
    for (const [i, input] of inputs.entries()) {
      const alone = await runner.run('generate-image', input, () => undefined).ended;
      expect(await pixelsOf(together[i] ?? alone)).toEqual(await pixelsOf(alone));
    }
  });

  test('[Q15] one that is cancelled or cannot be made leaves the others as they are', async () => {
    const kept = shared.run('generate-image', inputOf({ seed: 5 }), () => undefined);
    const broken = shared.run(
      'generate-image',
      inputOf({ pack: 'house-image', width: 64, height: 1024, mode: 'inpaint' }),
      () => undefined,
    );
    const stopped: Run = shared.run('generate-image', inputOf({ steps: 50, count: 8 }), () =>
      stopped.cancel(),
    );
    expect(await broken.ended).toMatchObject({ kind: 'failed' });
    expect(await stopped.ended).toMatchObject({ kind: 'cancelled' });
    const alone = await runner.run('generate-image', inputOf({ seed: 5 }), () => undefined).ended;
    expect(await pixelsOf(await kept.ended)).toEqual(await pixelsOf(alone));
    expect(shared.load).toBe(0);
  });
});
