import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPack } from '../catalog/add-pack.ts';
import { addLora, loraFolder } from '../catalog/loras.ts';
import { HOUSE_PACKS_FOLDER, type VerifiedPack, verifyPack } from '../catalog/packs.ts';
import { type Device, openDevice } from '../runtime/device.ts';
import { type ImageModel, openImageModel } from './image-model.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { proveDiffusersPack } from './prove.ts';

/** Small networks in the layout that people's folders have, with random weights. */
const fixtures = join(import.meta.dirname, '../fixtures/golden/models');

let device: Device;
let target = '';

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  target = mkdtempSync(join(tmpdir(), 'gesso-image-model-'));
});

afterAll(async () => {
  await device.sessions.close();
  rmSync(target, { recursive: true });
});

/** A folder made of parts of the fixtures, which keep tokenizers and shared components once. */
function assemble(name: string, parts: Readonly<Record<string, string>>): string {
  const folder = join(target, `source-${name}`);
  for (const [part, from] of Object.entries(parts)) {
    cpSync(join(fixtures, from), join(folder, part), { recursive: true });
  }
  return folder;
}

async function add(name: string, source = join(fixtures, name), home = target): Promise<VerifiedPack> {
  const { pack } = await addPack({
    source,
    target: home,
    folders: [home],
    id: name,
    name,
    version: '1',
    license: 'MIT',
    link: false,
    async prove(verified) {
      const { manifest } = verified;
      if (manifest.pipeline !== 'house-image') {
        await proveDiffusersPack({ ...verified, manifest }, device.sessions, new AbortController().signal);
      }
    },
  });
  return pack;
}

const request: ImageRequest = {
  mode: 'text-to-image',
  prompt: 'a (red:1.3) fox, sitting in fresh snow',
  negativePrompt: 'blurry',
  seed: 3,
  width: 72,
  height: 64,
  steps: 3,
  guidanceScale: 4,
  solver: 'flow-euler',
  strength: 0.7,
  source: null,
  mask: null,
  controls: [],
};

async function run(model: ImageModel, changes: Partial<ImageRequest> = {}) {
  const events: ImageEvent[] = [];
  const signal = new AbortController().signal;
  for await (const event of model.generate({ ...request, ...changes }, { signal, now: () => 0 })) {
    events.push(event);
  }
  const last = events.at(-1);
  if (last?.type !== 'result') {
    throw new Error('the last event is not a result');
  }
  return { events, rgb: last.rgb, width: last.width, height: last.height };
}

/** Inpaints and looks that nothing outside the mask changed, and much inside it. */
async function expectInpainting(model: ImageModel): Promise<void> {
  const size = { width: 72, height: 64 };
  const source = { ...size, data: Uint8Array.from({ length: 72 * 64 * 3 }, (_, i) => (i * 7) % 256) };
  const mask = { ...size, data: Uint8Array.from({ length: 72 * 64 }, (_, i) => (i % 72 < 30 ? 255 : 0)) };
  const { rgb } = await run(model, { mode: 'inpaint', source, mask });
  let changed = 0;
  mask.data.forEach((value, i) => {
    const same = rgb.subarray(i * 3, i * 3 + 3).join() === source.data.subarray(i * 3, i * 3 + 3).join();
    expect(same || value > 0).toBe(true);
    changed += same ? 0 : 1;
  });
  expect(changed).toBeGreaterThan(1000);
}

describe('an added Stable Diffusion folder', () => {
  let model: ImageModel;

  beforeAll(async () => {
    model = await openImageModel(await add('sd'), device.sessions, { warmUp: false });
  });

  afterAll(() => model.close());

  it('makes a picture of the asked size, with progress and previews', async () => {
    const { events, rgb, width, height } = await run(model);
    expect([width, height, rgb.length]).toEqual([72, 64, 72 * 64 * 3]);
    const steps = events.filter((event) => event.type === 'progress');
    expect(steps.at(-1)).toMatchObject({ step: steps.length, steps: steps.length });
    expect(steps[0].preview?.()).toMatchObject({ width: 128 / 8, height: 64 / 8 });
    expect((await run(model)).rgb).toEqual(rgb);
    expect((await run(model, { seed: 4 })).rgb).not.toEqual(rgb);
  });

  it('reads weights, and words beyond the encoder', async () => {
    const { rgb } = await run(model);
    expect((await run(model, { prompt: 'a (red:0.5) fox, sitting in fresh snow' })).rgb).not.toEqual(rgb);
    const long = `${'a red fox in the snow, '.repeat(20)} at night`;
    const longer = await run(model, { prompt: `${long} under the stars` });
    expect((await run(model, { prompt: long })).rgb).not.toEqual(longer.rgb);
  });

  it('keeps every byte outside a mask', async () => {
    await expectInpainting(model);
  });

  it('says how it could follow a map or a reference', async () => {
    await expect(run(model, { controls: [edgeMap] })).rejects.toThrow(
      /has no control network. Put one into its folder, named for example controlnet_canny/,
    );
    const reference = { picture: edgeMap.picture, strength: 1 };
    await expect(run(model, { reference })).rejects.toThrow(/no IP-Adapter is built into its denoiser/);
  });
});

const edgeMap = {
  kind: 'edge',
  strength: 1,
  range: [0, 1],
  picture: { width: 36, height: 32, data: Uint8Array.from({ length: 36 * 32 * 3 }, (_, i) => (i * 7) % 256) },
} as const;

describe('an added folder with control networks', () => {
  let model: ImageModel;

  beforeAll(async () => {
    const parts = {
      '.': 'sd',
      unet: 'sd-control/unet',
      'controlnet-canny': 'sd-control/controlnet',
      controlnet_2: 'sd-control/controlnet_2',
    };
    const source = assemble('sd-control', parts);
    // The name that diffusers keeps says what the second one follows.
    const config = join(source, 'controlnet_2/config.json');
    const said = { _name_or_path: 'lllyasviel/control_v11f1p_sd15_depth' };
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), ...said }));
    model = await openImageModel(await add('sd-control', source), device.sessions, { warmUp: false });
  });

  afterAll(() => model.close());

  it('follows maps by their kind, alone or together, at their strength and in their part of the run', async () => {
    const free = await run(model);
    const edge = await run(model, { controls: [edgeMap] });
    const depth = await run(model, { controls: [{ ...edgeMap, kind: 'depth' }] });
    const both = await run(model, { controls: [edgeMap, { ...edgeMap, kind: 'depth' }] });
    const weak = await run(model, { controls: [{ ...edgeMap, strength: 0.2 }] });
    const early = await run(model, { controls: [{ ...edgeMap, range: [0, 0.5] }] });
    const pictures = [free, edge, depth, both, weak, early].map(({ rgb }) => rgb.join());
    expect(new Set(pictures).size).toBe(pictures.length);
    expect((await run(model, { controls: [{ ...edgeMap, strength: 0 }] })).rgb).toEqual(free.rgb);
  });

  it('names what it follows when it is asked for something else', async () => {
    await expect(run(model, { controls: [{ ...edgeMap, kind: 'pose' }] })).rejects.toThrow(
      /does not follow pose maps. It follows edge, depth/,
    );
  });

  it('follows maps with SDXL, and paints without one', async () => {
    const source = assemble('sdxl-control', {
      '.': 'sdxl',
      'model_index.json': 'sdxl-control/model_index.json',
      unet: 'sdxl-control/unet',
      controlnet_canny: 'sdxl-control/controlnet',
      controlnet_depth: 'sdxl-control/controlnet_2',
    });
    const xl = await openImageModel(await add('sdxl-control', source), device.sessions, { warmUp: false });
    const free = await run(xl);
    const edge = await run(xl, { controls: [edgeMap] });
    const both = await run(xl, { controls: [edgeMap, { ...edgeMap, kind: 'depth' }] });
    expect(new Set([free, edge, both].map(({ rgb }) => rgb.join())).size).toBe(3);
    expect((await run(xl, { controls: [{ ...edgeMap, strength: 0 }] })).rgb).toEqual(free.rgb);
    xl.close();
  });

  it('says which network does not tell what it follows', async () => {
    const source = assemble('sd-unnamed', {
      '.': 'sd',
      unet: 'sd-control/unet',
      controlnet: 'sd-control/controlnet',
    });
    const unnamed = await openImageModel(await add('sd-unnamed', source), device.sessions, { warmUp: false });
    await expect(run(unnamed, { controls: [edgeMap] })).rejects.toThrow(
      /Nothing says what controlnet follows: name its folder for example controlnet_canny/,
    );
    expect((await run(unnamed)).rgb).toHaveLength(72 * 64 * 3);
    unnamed.close();
  });
});

describe('an added folder with an IP-Adapter', () => {
  /** A tiny encoder: the means of four quarters times random numbers. */
  const encoder = '../../ip-adapter/image_encoder';

  it('follows a reference picture at its strength, and paints without one', async () => {
    const source = assemble('sd-ip', { '.': 'sd', unet: 'sd-ipadapter/unet', image_encoder: encoder });
    const model = await openImageModel(await add('sd-ip', source), device.sessions, { warmUp: false });
    const free = await run(model);
    const like = await run(model, { reference: { picture: edgeMap.picture, strength: 1 } });
    const barely = await run(model, { reference: { picture: edgeMap.picture, strength: 0.3 } });
    expect(new Set([free, like, barely].map(({ rgb }) => rgb.join())).size).toBe(3);
    expect((await run(model, { reference: { picture: edgeMap.picture, strength: 0 } })).rgb).toEqual(
      free.rgb,
    );
    model.close();
  });

  it('says so when its image encoder is missing', async () => {
    const source = assemble('sd-ip-blind', { '.': 'sd', unet: 'sd-ipadapter/unet' });
    const model = await openImageModel(await add('sd-ip-blind', source), device.sessions, { warmUp: false });
    const reference = { picture: edgeMap.picture, strength: 1 };
    await expect(run(model, { reference })).rejects.toThrow(/has an IP-Adapter but no image_encoder/);
    model.close();
  });
});

describe('an added InstructPix2Pix folder', () => {
  it('edits a picture by instruction, held to the words and to the picture by a scale each', async () => {
    const source = assemble('sd-ip2p', {
      '.': 'sd',
      'model_index.json': 'sd-ip2p/model_index.json',
      unet: 'sd-ip2p/unet',
    });
    const model = await openImageModel(await add('sd-ip2p', source), device.sessions, { warmUp: false });
    try {
      expect(model.modes).toEqual(['instruct']);
      const size = { width: 72, height: 64 };
      const picture = { ...size, data: Uint8Array.from({ length: 72 * 64 * 3 }, (_, i) => (i * 7) % 256) };
      const edit = { mode: 'instruct', prompt: 'make the fox blue', source: picture } as const;
      const usual = await run(model, edit);
      expect([usual.width, usual.height]).toEqual([72, 64]);
      expect((await run(model, { ...edit, imageGuidanceScale: 1.5 })).rgb).toEqual(usual.rgb);
      expect((await run(model, { ...edit, imageGuidanceScale: 4 })).rgb).not.toEqual(usual.rgb);
      expect((await run(model, { ...edit, guidanceScale: 1 })).rgb).not.toEqual(usual.rgb);
      await expect(run(model)).rejects.toThrow(/does not do text to image; it does editing by instruction/);
    } finally {
      model.close();
    }
  });
});

describe('LoRA tags', () => {
  it('change the model for one picture, share sessions, and leave it as it was', async () => {
    const home = join(target, 'home');
    const unet = assemble('named', { '.': 'sd', 'unet/model.onnx': '../../lora/script.onnx' });
    const model = await openImageModel(await add('named', unet, join(home, 'models')), device.sessions, {
      warmUp: false,
    });
    const source = join(fixtures, '../../lora/peft.safetensors');
    await addLora({ source, target: loraFolder(home), id: 'ink', name: 'Ink', license: 'MIT' });
    const plain = await run(model);
    const prompt = `${request.prompt} <lora:Ink:0.9>`;
    const inked = await run(model, { prompt });
    const { openPaths } = device.sessions;
    expect(inked.rgb).not.toEqual(plain.rgb);
    expect(inked.events.at(-1)).toMatchObject({ loras: [{ name: 'ink', strength: 0.9 }], notices: [] });
    expect((await run(model, { prompt })).rgb).toEqual(inked.rgb);
    expect((await run(model)).rgb).toEqual(plain.rgb);
    expect(device.sessions.openPaths).toEqual(openPaths);
    model.close();
  });
});

describe('openImageModel', () => {
  it('opens the house pack behind the same interface', async () => {
    const pack = await verifyPack(join(HOUSE_PACKS_FOLDER, 'house-image'));
    const model = await openImageModel(pack, device.sessions, { warmUp: false });
    const { rgb, events } = await run(model, { steps: 1, width: 64 });
    expect(rgb).toHaveLength(64 * 64 * 3);
    expect(events.at(-1)).not.toHaveProperty('notices');
    const tagged = await run(model, { steps: 1, width: 64, prompt: `${request.prompt} <lora:ink:0.5>` });
    expect(tagged.rgb).toEqual(rgb);
    expect(tagged.events.at(-1)).toMatchObject({ notices: [expect.stringContaining('ink had no effect')] });
    expect(model).toMatchObject({ id: 'house-image', scheduler: null, defaults: { side: 256 } });
    model.close();
  });

  it('makes a picture with SDXL, whose two encoders take as many chunks', async () => {
    const model = await openImageModel(await add('sdxl'), device.sessions, { warmUp: false });
    const { rgb } = await run(model, { prompt: 'a red fox in the snow, '.repeat(20) });
    expect(rgb).toHaveLength(72 * 64 * 3);
    model.close();
  });

  const tokenizer = '../tokenizers/t5';
  it.each([
    ['sdxl-masked', { '.': 'sdxl', unet: 'sdxl-inpaint9/unet' }],
    ['sd3', { '.': 'sd3', tokenizer_3: tokenizer }],
    ['flux', { '.': 'flux', tokenizer_2: tokenizer }],
  ])('inpaints with %s and keeps every byte outside the mask', async (name, parts) => {
    const pack = await add(name, assemble(name, parts));
    const model = await openImageModel(pack, device.sessions, { warmUp: false });
    await expectInpainting(model);
    const asked = name === 'sdxl-masked' ? run(model) : run(model, { mode: 'image-to-image' });
    // The one only fills holes; the others need a source for this.
    await expect(asked).rejects.toThrow(name === 'sdxl-masked' ? /does not do text to image/ : /source/);
    model.close();
  });

  it('refuses a pack that makes no pictures from text', async () => {
    await expect(openImageModel(await add('ddpm32'), device.sessions, { warmUp: false })).rejects.toThrow(
      /does not make pictures from a prompt/,
    );
  });
});
