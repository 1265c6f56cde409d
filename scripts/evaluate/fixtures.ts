import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { type AskedScene, askedSceneSchema } from '../../models/evaluation/composition.ts';
import type { PixelBox } from '../../models/evaluation/pixels.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { ControlKind } from '../../shared/contracts/recipe.ts';

/** What the composer drew for this evaluation, by models/training/evaluate/{fixtures,task_fixtures}.py. */
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

const tasksSchema = z.object({
  edits: z.array(
    z.object({
      after: askedSceneSchema,
      change: askedSceneSchema,
      boxes: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    }),
  ),
  references: z.array(
    z.object({ concept: z.string(), color: z.string(), style: z.string(), prompt: z.string() }),
  ),
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

/** A scene, what to change in it, and how the composer draws the outcome. */
export interface EditScene {
  /** Everything that the edited scene should show; its prompt is the instruction. */
  readonly after: AskedScene;
  /** Only what the instruction asks for. */
  readonly change: AskedScene;
  /** Where an edit of a thing may change pixels; none when all may change. */
  readonly boxes: readonly PixelBox[];
  readonly picture: RgbPicture;
  readonly edited: RgbPicture;
}

/** A reference picture, a prompt that does not say how its thing looks, and the scene with the thing as it looks there. */
export interface ReferenceScene {
  readonly concept: string;
  /** How the thing looks in the reference and the picture; the prompt does not say it. */
  readonly color: string;
  readonly style: string;
  readonly prompt: string;
  readonly reference: RgbPicture;
  readonly picture: RgbPicture;
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

/** Returns scenes of 256 px with instructions. */
export async function loadEditScenes(): Promise<readonly EditScene[]> {
  const { edits } = await loadTasks();
  const pictures = await cutSheet('edits.webp', LARGE);
  const edited = await cutSheet('edited.webp', SIZE);
  return edits.map(({ after, change, boxes }, i) => ({
    after,
    change,
    boxes: boxes.map(([left, top, right, bottom]) => ({ left, top, right, bottom })),
    picture: pictures[i],
    edited: edited[i],
  }));
}

/** Returns reference pictures, two looks of each concept one after the other. */
export async function loadReferenceScenes(): Promise<readonly ReferenceScene[]> {
  const { references } = await loadTasks();
  const tiles = await cutSheet('references.webp', SIZE);
  return references.map((row, i) => ({
    ...row,
    reference: tiles[i],
    picture: tiles[references.length + i],
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

async function loadTasks() {
  return tasksSchema.parse(JSON.parse(await readFile(join(FOLDER, 'tasks.json'), 'utf8')));
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
