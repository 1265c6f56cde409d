import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';

/** What the composer drew for the sheets of tasks, by models/training/data/scenes.py. */
const folder = join(import.meta.dirname, '../../models/fixtures/house/scenes');

const sceneSchema = z.object({
  prompt: z.string(),
  after: z.string(),
  instruction: z.string(),
  elsewhere: z.string(),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});

/** Maps that the composer draws itself; an edge map is made from the picture, as in the studio. */
export const drawnMaps = ['scribble', 'segmentation', 'depth'] as const;

export interface TaskScene {
  readonly prompt: string;
  /** What the same scene is called after an edit. */
  readonly after: string;
  /** The words that lead from the one to the other. */
  readonly instruction: string;
  /** The first thing at another place, its looks unsaid. */
  readonly elsewhere: string;
  /** Left, top, right, bottom of the first thing, as shares of the side. */
  readonly box: readonly [number, number, number, number];
  /** 256 × 256. */
  readonly picture: RgbPicture;
  /** 64 × 64. */
  readonly maps: Readonly<Record<(typeof drawnMaps)[number], RgbPicture>>;
}

export async function loadTaskScenes(): Promise<readonly TaskScene[]> {
  const scenes = z.array(sceneSchema).parse(JSON.parse(await readFile(join(folder, 'scenes.json'), 'utf8')));
  return Promise.all(
    scenes.map(async (scene, i) => ({
      ...scene,
      picture: await readPicture(`scene-${i}.png`),
      maps: {
        scribble: await readPicture(`scene-${i}-scribble.png`),
        segmentation: await readPicture(`scene-${i}-segmentation.png`),
        depth: await readPicture(`scene-${i}-depth.png`),
      },
    })),
  );
}

async function readPicture(name: string): Promise<RgbPicture> {
  const { data, info } = await sharp(join(folder, name))
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Uint8Array.from(data) };
}
