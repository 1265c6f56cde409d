import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HOUSE_PACKS_FOLDER } from '../catalog/packs.ts';
import type { RgbPicture } from '../pipelines/image/picture.ts';
import { type Device, openDevice } from '../runtime/device.ts';
import {
  areaUnderCurve,
  type Embedding,
  findNearest,
  type HouseClip,
  openHouseClip,
  similarity,
} from './clip.ts';

const pack = join(HOUSE_PACKS_FOLDER, 'house-image');
const fixtures = join(import.meta.dirname, '../fixtures/house/clip');
const vectors = z.array(z.array(z.number()));
const goldenSchema = z.object({
  tolerance: z.number(),
  picture: z.string(),
  prompts: z.array(z.string()),
  imageSha256: z.string(),
  pictures: vectors,
  texts: vectors,
});

let device: Device;
let clip: HouseClip;
let golden: z.infer<typeof goldenSchema>;

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  clip = await openHouseClip(pack, device.sessions);
  golden = goldenSchema.parse(JSON.parse(await readFile(join(fixtures, 'golden.json'), 'utf8')));
});
afterAll(async () => {
  clip.close();
  await device.sessions.close();
});

describe('the house-CLIP', () => {
  it('gives the embeddings that Python gives', async () => {
    expect(clip.manifest.picture.sha256).toBe(golden.imageSha256);
    const pictures = await readTiles(join(fixtures, golden.picture), golden.pictures.length);
    expect(largestDifference(await clip.embedPictures(pictures), golden.pictures)).toBeLessThan(
      golden.tolerance,
    );
    expect(largestDifference(await clip.embedPrompts(golden.prompts), golden.texts)).toBeLessThan(
      golden.tolerance,
    );
  });

  it('puts pictures nearest to their own prompts, whatever their size', async () => {
    const tiles = await readTiles(join(fixtures, golden.picture), 3);
    const large = await Promise.all(tiles.map((tile) => enlarge(tile, 200)));
    const texts = await clip.embedPrompts(golden.prompts.slice(0, 3));
    for (const [i, picture] of (await clip.embedPictures(large)).entries()) {
      expect(findNearest(picture, texts)).toBe(i);
      expect(similarity(picture, picture)).toBeCloseTo(1, 4);
    }
  });

  it('says what is wrong with its files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gesso-clip-'));
    try {
      await expect(openHouseClip(folder, device.sessions)).rejects.toMatchObject({ code: 'not-found' });
      for (const name of ['house-clip.json', 'house-clip-image.onnx', 'house-clip-text.onnx']) {
        await cp(join(pack, name), join(folder, name));
      }
      await expect(openHouseClip(folder, device.sessions)).rejects.toThrow(/tokenizer\.json is missing/);
      await writeFile(join(folder, 'tokenizer.json'), '{}');
      await expect(openHouseClip(folder, device.sessions)).rejects.toMatchObject({ code: 'damaged' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('areaUnderCurve', () => {
  it('counts the pairs that are the right way round', () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
    expect(areaUnderCurve([1, 4], [2, 3])).toBe(0.5);
    expect(areaUnderCurve([1, 2], [2])).toBe(0.25);
  });
});

function largestDifference(got: readonly Embedding[], expected: readonly (readonly number[])[]): number {
  expect(got.length).toBe(expected.length);
  return Math.max(...got.flatMap((row, i) => [...row].map((value, k) => Math.abs(value - expected[i][k]))));
}

/** Cuts a row of square tiles. */
async function readTiles(file: string, count: number): Promise<readonly RgbPicture[]> {
  const { height } = await sharp(file).metadata();
  return Promise.all(
    Array.from({ length: count }, async (_, k) => {
      const cut = { left: k * height, top: 0, width: height, height };
      return { width: height, height, data: await sharp(file).extract(cut).removeAlpha().raw().toBuffer() };
    }),
  );
}

async function enlarge({ width, height, data }: RgbPicture, side: number): Promise<RgbPicture> {
  const large = sharp(data, { raw: { width, height, channels: 3 } }).resize(side, side);
  return { width: side, height: side, data: await large.raw().toBuffer() };
}
