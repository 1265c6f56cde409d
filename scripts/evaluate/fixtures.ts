import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { type AskedScene, askedSceneSchema } from '../../models/evaluation/composition.ts';
import type { PixelBox } from '../../models/evaluation/pixels.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { ControlKind } from '../../shared/contracts/recipe.ts';

/** What the composer drew for this evaluation, by models/training/evaluate/fixtures.py. */
const FOLDER = join(import.meta.dirname, '../../models/fixtures/house/evaluation');
const SIZE = 64;
const LARGE = 256;

const picturesSchema = z.object({
  controls: z.array(z.object({ prompt: z.string() })),
  repaint: z.array(
    askedSceneSchema.extend({ box: z.tuple([z.number(), z.number(), z.number(), z.number()]) }),
  ),
  drawings: z.array(z.string()),
});

/** The rows of controls.png below the picture itself. */
export const CONTROL_ROWS = ['edge', 'depth', 'segmentation', 'scribble'] as const satisfies ControlKind[];
export type MeasuredControl = (typeof CONTROL_ROWS)[number];

export interface ControlScene {
  readonly prompt: string;
  readonly picture: RgbPicture;
  readonly maps: Readonly<Record<MeasuredControl, RgbPicture>>;
}

export interface RepaintScene {
  readonly asked: AskedScene;
  readonly picture: RgbPicture;
  readonly box: PixelBox;
}

/** Returns the prompts and, for the first of them, the composer's own pictures at 64 px. */
export async function loadPrompts(): Promise<{
  readonly asked: readonly AskedScene[];
  readonly scenes: readonly RgbPicture[];
}> {
  const text = await readFile(join(FOLDER, 'prompts.json'), 'utf8');
  const asked = z.array(askedSceneSchema).parse(JSON.parse(text));
  return { asked, scenes: await cutSheet('scenes.webp', SIZE) };
}

export async function loadControlScenes(): Promise<readonly ControlScene[]> {
  const { controls } = await loadPictures();
  const tiles = await cutSheet('controls.png', SIZE);
  const at = (row: number, column: number): RgbPicture => tiles[row * controls.length + column];
  return controls.map(({ prompt }, column) => ({
    prompt,
    picture: at(0, column),
    maps: {
      edge: at(1, column),
      depth: at(2, column),
      segmentation: at(3, column),
      scribble: at(4, column),
    },
  }));
}

/** Returns scenes of 256 px with the box of their object. */
export async function loadRepaintScenes(): Promise<readonly RepaintScene[]> {
  const { repaint } = await loadPictures();
  const tiles = await cutSheet('large.webp', LARGE);
  return repaint.map(({ box: [left, top, right, bottom], ...asked }, i) => ({
    asked,
    picture: tiles[i],
    box: { left, top, right, bottom },
  }));
}

/** Returns every drawing that the training scenes are made of, on white, at 64 px. */
export async function loadDrawings(): Promise<
  readonly { readonly concept: string; readonly picture: RgbPicture }[]
> {
  const { drawings } = await loadPictures();
  const tiles = await cutSheet('drawings.webp', SIZE);
  return drawings.map((concept, i) => ({ concept, picture: tiles[i] }));
}

/** Returns the prompts of the sheet that people look at. */
export async function loadSheetPrompts(): Promise<readonly string[]> {
  return (await readFile(join(FOLDER, 'sheet.txt'), 'utf8')).trim().split('\n');
}

async function loadPictures() {
  return picturesSchema.parse(JSON.parse(await readFile(join(FOLDER, 'pictures.json'), 'utf8')));
}

async function cutSheet(name: string, size: number): Promise<readonly RgbPicture[]> {
  const { data, info } = await sharp(join(FOLDER, name))
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const columns = info.width / size;
  return Array.from({ length: columns * (info.height / size) }, (_, k) => {
    const left = (k % columns) * size;
    const top = Math.floor(k / columns) * size;
    const tile = new Uint8Array(size * size * 3);
    for (let y = 0; y < size; y += 1) {
      const from = ((top + y) * info.width + left) * 3;
      tile.set(data.subarray(from, from + size * 3), y * size * 3);
    }
    return { width: size, height: size, data: tile };
  });
}
