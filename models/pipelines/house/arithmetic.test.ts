import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HouseImageManifest, houseImageManifestSchema } from '../../catalog/manifest.ts';
import { readOnnxSummary } from '../../catalog/onnx-file.ts';
import { HOUSE_PACKS_FOLDER, type VerifiedPack, verifyPack } from '../../catalog/packs.ts';
import { type Device, openDevice } from '../../runtime/device.ts';
import { type ImageModel, openImageModel } from '../image-model.ts';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { denoiserFile } from './arithmetic.ts';

let device: Device;
let pack: VerifiedPack;
let manifest: HouseImageManifest;

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  pack = await verifyPack(join(HOUSE_PACKS_FOLDER, 'house-image'));
  manifest = houseImageManifestSchema.parse(pack.manifest);
});

afterAll(() => device.sessions.close());

const request: ImageRequest = {
  ...plainRequest,
};

async function draw(model: ImageModel, seed = request.seed): Promise<Uint8Array> {
  const run = { signal: new AbortController().signal, now: () => performance.now() };
  for await (const event of model.generate({ ...request, seed }, run)) {
    if (event.type === 'result') return event.rgb;
  }
  throw new Error('no picture');
}

/** Peak signal to noise of bytes, in dB. */
function nearness(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

describe('the graph of an arithmetic', () => {
  it('is the exact one unless another is asked for', () => {
    expect(denoiserFile(manifest)).toBe(manifest.components.denoiser.file);
    expect(denoiserFile(manifest, 'exact')).toBe(manifest.components.denoiser.file);
  });

  it('is refused with words where the pack has none, and other packs have none', async () => {
    const { denoiserInt8: _, ...components } = manifest.components;
    const without = { ...manifest, components };
    expect(() => denoiserFile(without, 'int8')).toThrow(/has no graph for 8-bit arithmetic/);
    const opening = openImageModel({ ...pack, manifest: without }, device.sessions, {
      warmUp: false,
      arithmetic: 'int8',
    });
    await expect(opening).rejects.toThrow(/has no graph for 8-bit arithmetic/);
  });

  it('of a pack that has both reads the weights of the other', async () => {
    const { denoiser, denoiserInt8 = denoiser } = manifest.components;
    const [exact, int8] = await Promise.all(
      [denoiser, denoiserInt8].map(({ file }) => readOnnxSummary(join(pack.folder, file))),
    );
    expect(int8.externalLocations).toEqual(exact.externalLocations);
    expect(denoiserInt8.data).toEqual(denoiser.data);
    expect(int8.inputs).toEqual(exact.inputs);
    expect(exact.externalLocations).toHaveLength(manifest.components.denoiserInt8 === undefined ? 0 : 1);
  });
});

/** What a pack without the graph is asked here ends in the refusal above; one that has it must draw. */
describe('a picture computed in 8 bits', () => {
  it('is nearly the exact one, not the same, and the same whatever is drawn beside it', async () => {
    const open = (lanes: number) =>
      openImageModel(pack, device.sessions, { warmUp: false, lanes, arithmetic: 'int8' });
    if (manifest.components.denoiserInt8 === undefined) {
      await expect(open(1)).rejects.toThrow(/it computes exactly/);
      return;
    }
    const exact = await openImageModel(pack, device.sessions, { warmUp: false });
    const [alone, together] = [await open(1), await open(4)];
    try {
      expect([exact.arithmetic, alone.arithmetic]).toEqual(['exact', 'int8']);
      const picture = await draw(alone);
      const reference = await draw(exact);
      expect(picture).not.toEqual(reference);
      expect(nearness(picture, reference)).toBeGreaterThan(30);
      const [beside] = await Promise.all([7, 8, 9].map((seed) => draw(together, seed)));
      expect(beside).toEqual(picture);
    } finally {
      for (const model of [exact, alone, together]) model.close();
    }
  });
});
