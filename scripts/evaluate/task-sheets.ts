import { join, resolve } from 'node:path';
import type { HouseImageManifest } from '../../models/catalog/manifest.ts';
import { PackError } from '../../models/catalog/pack-error.ts';
import { type HouseImageModel, openHouseImageModel } from '../../models/pipelines/house/model.ts';
import { containInWhite } from '../../models/pipelines/house/reference.ts';
import { networkScale } from '../../models/pipelines/house/upscale.ts';
import { generateImage } from '../../models/pipelines/house-image.ts';
import {
  type FloatPicture,
  fromSignedPlanes,
  type GrayPicture,
  type RgbPicture,
  toBytes,
  toFloatPicture,
} from '../../models/pipelines/image/picture.ts';
import { resizeArea, resizeCubic } from '../../models/pipelines/image/resize.ts';
import type { ControlMap, ImageRequest } from '../../models/pipelines/image-request.ts';
import { openDevice } from '../../models/runtime/device.ts';
import { wholeRange } from '../../shared/contracts/recipe.ts';
import { makeEdgeMap } from '../../shared/raster/edge-map.ts';
import { enlargeByTiles } from './enlarged.ts';
import { openPack } from './open-pack.ts';
import { drawnMaps, loadTaskScenes, type TaskScene } from './task-scenes.ts';
import { cell, type SheetRow, writeRows } from './task-rows.ts';

const side = 256;
const firstSeed = 2_000;

/**
 * `gesso sheets [PACK] [FOLDER]`: draws before and after of every task of a house pack with the
 * studio's own pipelines, as controls.webp and tasks.webp in the pack's folder or the one given. Returns 0 when both are
 * written.
 */
export async function run([name = 'house-image', folder]: readonly string[]): Promise<number> {
  const pack = await openPack(name);
  const { manifest } = pack;
  if (manifest.pipeline !== 'house-image') {
    throw new PackError('unsupported', `${manifest.id} is not a house image pack.`);
  }
  const out = resolve(folder ?? pack.folder);
  const device = await openDevice();
  const model = await openHouseImageModel({ ...pack, manifest }, device.sessions, { warmUp: false });
  try {
    const scenes = await loadTaskScenes();
    const painter: Painter = { model, manifest };
    await writeRows(join(out, 'controls.webp'), await drawControls(painter, scenes));
    await writeRows(join(out, 'tasks.webp'), await drawTasks(painter, scenes));
  } finally {
    model.close();
    await device.sessions.close();
  }
  process.stdout.write(`${join(out, 'controls.webp')}\n${join(out, 'tasks.webp')}\n`);
  return 0;
}

interface Painter {
  readonly model: HouseImageModel;
  readonly manifest: HouseImageManifest;
}

/** The same seed with and without each map, then with two of them at once. */
async function drawControls(painter: Painter, scenes: readonly TaskScene[]): Promise<readonly SheetRow[]> {
  const { tasks } = painter.manifest;
  const withMaps = (mapsOf: (scene: TaskScene) => readonly ControlMap[]) =>
    eachScene(scenes, (scene, seed) =>
      paint(painter, { prompt: scene.prompt, seed, controls: mapsOf(scene) }),
    );
  const rows: SheetRow[] = [
    {
      label: 'prompt alone',
      captions: scenes.map(({ prompt }) => prompt),
      pictures: await withMaps(() => []),
    },
  ];
  const mapOf = (kind: ControlMap['kind'], picture: RgbPicture): ControlMap => ({
    kind,
    picture,
    strength: 1,
    range: wholeRange,
  });
  if (tasks.includes('edge')) {
    const edges = scenes.map((scene) => mapOf('edge', edgePicture(scene.picture)));
    rows.push(
      { label: 'a picture', pictures: scenes.map(({ picture }) => picture) },
      { label: 'its edges', pictures: edges.map(({ picture }) => picture) },
      {
        label: 'with them',
        pictures: await withMaps((scene) => [mapOf('edge', edgePicture(scene.picture))]),
      },
    );
  }
  for (const kind of drawnMaps.filter((name) => tasks.includes(name))) {
    rows.push(
      { label: kind, pictures: scenes.map(({ maps }) => maps[kind]) },
      { label: 'with it', pictures: await withMaps(({ maps }) => [mapOf(kind, maps[kind])]) },
    );
  }
  if (tasks.includes('scribble') && tasks.includes('depth')) {
    rows.push({
      label: 'scribble and depth',
      pictures: await withMaps(({ maps }) => [mapOf('scribble', maps.scribble), mapOf('depth', maps.depth)]),
    });
  }
  return rows;
}

async function drawTasks(painter: Painter, scenes: readonly TaskScene[]): Promise<readonly SheetRow[]> {
  const rows: SheetRow[] = [];
  const captions = scenes.map(({ prompt }) => prompt);
  const holes = scenes.map((scene) => boxMask(scene));
  rows.push(
    {
      label: 'a picture, masked',
      captions,
      pictures: scenes.map(({ picture }, i) => greyedOut(picture, holes[i])),
    },
    {
      label: 'inpaint',
      pictures: await eachScene(scenes, ({ prompt, picture }, seed, i) =>
        paint(painter, { mode: 'inpaint', prompt, seed, source: picture, mask: holes[i] }),
      ),
    },
  );
  const half = scenes.map(({ picture }, i) => moveFrame(picture, i % 2 === 0 ? 96 : -96));
  rows.push(
    { label: 'frame over its edge', pictures: half.map(({ source, mask }) => greyedOut(source, mask)) },
    {
      label: 'extend',
      pictures: await eachScene(scenes, ({ prompt }, seed, i) =>
        paint(painter, { mode: 'extend', prompt, seed, ...half[i] }),
      ),
    },
  );
  rows.push(
    {
      label: 'a picture',
      captions: scenes.map(({ after }) => after),
      pictures: scenes.map(({ picture }) => picture),
    },
    {
      label: 'image to image, strength 60 %',
      pictures: await eachScene(scenes, ({ after, picture }, seed) =>
        paint(painter, { mode: 'image-to-image', prompt: after, seed, source: picture, strength: 0.6 }),
      ),
    },
  );
  rows.push(...(await drawEdits(painter, scenes)), ...(await drawReferences(painter, scenes)));
  rows.push(...(await drawEnlarged(painter, scenes)));
  return rows;
}

/** Scenes reduced to the core's size and enlarged again, and a part of each enlarged four times as `gesso upscale` does. */
async function drawEnlarged(painter: Painter, scenes: readonly TaskScene[]): Promise<readonly SheetRow[]> {
  const size = painter.manifest.nativeSize;
  const reduced = scenes.map(({ picture }) => toPicture(resizeArea(toFloatPicture(picture, 3), size, size)));
  // A part of so many pixels is seen pixel by pixel once it is enlarged.
  const shown = cell / networkScale;
  const large = await eachScene(scenes, ({ picture }) =>
    enlargeByTiles(painter.model, picture, networkScale),
  );
  return [
    { label: `${size} px, bicubic`, pictures: reduced.map((one) => enlargeCubic(one, side)) },
    {
      label: `${size} px, upscaled`,
      pictures: await eachScene(scenes, (_, __, i) =>
        enlargeByTiles(painter.model, reduced[i], networkScale),
      ),
    },
    {
      label: `part of a picture, ${shown} px`,
      pictures: scenes.map((scene) => cutPart(scene.picture, partOf(scene, shown))),
    },
    {
      label: 'it at four times, bicubic',
      pictures: scenes.map((scene) =>
        cutPart(enlargeCubic(scene.picture, side * networkScale), partOf(scene, shown), networkScale),
      ),
    },
    {
      label: 'upscaled by tiles',
      pictures: scenes.map((scene, i) => cutPart(large[i], partOf(scene, shown), networkScale)),
    },
  ];
}

function enlargeCubic(picture: RgbPicture, to: number): RgbPicture {
  return toPicture(resizeCubic(toFloatPicture(picture, 3), to, to));
}

function toPicture({ width, height, data }: FloatPicture): RgbPicture {
  return { width, height, data: toBytes(data) };
}

/** The square around the top of the first thing, where its outline is. */
function partOf({ box: [left, top, right], picture }: TaskScene, length: number) {
  const within = (value: number) =>
    Math.round(Math.min(Math.max(value - length / 2, 0), picture.width - length));
  return { x: within(((left + right) / 2) * picture.width), y: within(top * picture.height), length };
}

/** A square of a picture that is `scale` times as large as the one it was measured in. */
function cutPart(picture: RgbPicture, part: ReturnType<typeof partOf>, scale = 1): RgbPicture {
  const length = part.length * scale;
  const data = new Uint8Array(length * length * 3);
  for (let y = 0; y < length; y += 1) {
    const from = ((part.y * scale + y) * picture.width + part.x * scale) * 3;
    data.set(picture.data.subarray(from, from + length * 3), y * length * 3);
  }
  return { width: length, height: length, data };
}

/** Edits by instruction, where the pack lists them. */
async function drawEdits(painter: Painter, scenes: readonly TaskScene[]): Promise<readonly SheetRow[]> {
  if (!painter.manifest.tasks.includes('edit')) return [];
  return [
    {
      label: 'a picture',
      captions: scenes.map(({ instruction }) => instruction),
      pictures: scenes.map(({ picture }) => picture),
    },
    {
      label: 'edit by instruction',
      pictures: await eachScene(scenes, ({ instruction, picture }, seed) =>
        paint(painter, { mode: 'instruct', prompt: instruction, seed, source: picture }),
      ),
    },
  ];
}

/** The first thing of each scene at another place, by its name alone and with its picture as reference. */
async function drawReferences(painter: Painter, scenes: readonly TaskScene[]): Promise<readonly SheetRow[]> {
  if (!painter.manifest.tasks.includes('reference')) return [];
  const things = scenes.map((scene) => cutBox(scene));
  const rowOf = async (label: string, strength: number): Promise<SheetRow> => ({
    label,
    pictures: await eachScene(scenes, ({ elsewhere }, seed, i) =>
      paint(painter, { prompt: elsewhere, seed, reference: { picture: things[i], strength } }),
    ),
  });
  return [
    { ...(await rowOf('prompt alone', 0)), captions: scenes.map(({ elsewhere }) => elsewhere) },
    { label: 'a reference picture', pictures: things.map(onSquare) },
    await rowOf('with it, strength 50 %', 0.5),
    await rowOf('with it, strength 100 %', 1),
  ];
}

async function eachScene(
  scenes: readonly TaskScene[],
  work: (scene: TaskScene, seed: number, i: number) => Promise<RgbPicture>,
): Promise<readonly RgbPicture[]> {
  const made: RgbPicture[] = [];
  for (const [i, scene] of scenes.entries()) made.push(await work(scene, firstSeed + i, i));
  return made;
}

async function paint(painter: Painter, wanted: Partial<ImageRequest>): Promise<RgbPicture> {
  const { defaults } = painter.manifest;
  const request: ImageRequest = {
    mode: 'text-to-image',
    prompt: '',
    negativePrompt: '',
    seed: 0,
    width: side,
    height: side,
    ...defaults,
    strength: 1,
    source: null,
    mask: null,
    controls: [],
    ...wanted,
  };
  const signal = new AbortController().signal;
  const events = generateImage(request, { model: painter.model, signal, now: () => performance.now() });
  for await (const event of events) {
    if (event.type === 'result') return { width: event.width, height: event.height, data: event.rgb };
  }
  throw new Error('the pipeline ended without a picture');
}

function edgePicture(picture: RgbPicture): RgbPicture {
  const { width, height, data } = makeEdgeMap({ ...picture, channels: 3 });
  return {
    width,
    height,
    data: Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]),
  };
}

/** The first thing's box, with a little air, as a mask. */
function boxMask({ box, picture: { width, height } }: TaskScene): GrayPicture {
  const [left, top, right, bottom] = box.map((share, i) => share + (i < 2 ? -0.04 : 0.04));
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const x = ((i % width) + 0.5) / width;
    const y = (Math.floor(i / width) + 0.5) / height;
    return x > left && x < right && y > top && y < bottom ? 255 : 0;
  });
  return { width, height, data };
}

/** The first thing alone, with a little air. */
function cutBox({ box, picture }: TaskScene): RgbPicture {
  const [left, top, right, bottom] = box.map((share, i) =>
    Math.round(Math.min(Math.max(share + (i < 2 ? -0.04 : 0.04), 0), 1) * picture.width),
  );
  const width = right - left;
  const data = new Uint8Array(width * (bottom - top) * 3);
  for (let y = top; y < bottom; y += 1) {
    const from = (y * picture.width + left) * 3;
    data.set(picture.data.subarray(from, from + width * 3), (y - top) * width * 3);
  }
  return { width, height: bottom - top, data };
}

/** As the core is shown a reference: contained in a white square. */
function onSquare(picture: RgbPicture): RgbPicture {
  return fromSignedPlanes(containInWhite(picture, side), side, side);
}

/** What a frame of the same size sees `by` pixels further right, and what of it has no picture. */
function moveFrame(
  picture: RgbPicture,
  by: number,
): { readonly source: RgbPicture; readonly mask: GrayPicture } {
  const { width, height } = picture;
  const source = new Uint8Array(picture.data.length);
  const mask = new Uint8Array(width * height).fill(255);
  for (let i = 0; i < mask.length; i += 1) {
    const x = (i % width) + by;
    if (x < 0 || x >= width) continue;
    mask[i] = 0;
    source.set(picture.data.subarray((i + by) * 3, (i + by) * 3 + 3), i * 3);
  }
  return { source: { width, height, data: source }, mask: { width, height, data: mask } };
}

/** The picture with what is masked in chequered grey. */
function greyedOut(picture: RgbPicture, mask: GrayPicture): RgbPicture {
  const data = picture.data.map((value, i) => {
    const at = Math.floor(i / 3);
    if (mask.data[at] === 0) return value;
    const isDark = (((at % mask.width) >> 4) + (Math.floor(at / mask.width) >> 4)) % 2 === 0;
    return isDark ? 150 : 190;
  });
  return { ...picture, data };
}
